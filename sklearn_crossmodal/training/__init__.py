"""Training: knows both blocks and networks, and alone knows skorch."""

from sklearn_crossmodal.training._callbacks import EpochTasks, as_if_over
from sklearn_crossmodal.training._config import TrainingConfig
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._data._frozen_embeddings import FrozenInputs, embed_frozen
from sklearn_crossmodal.training._data._splits import (
    are_in_order,
    deal_folds,
    pick_split,
    split_groups,
    split_rows,
    warn_of_unused_rows,
)
from sklearn_crossmodal.training._data._text_lengths import cut_texts, reads_any_length
from sklearn_crossmodal.training._device import choose_device, choose_dtype, seeded, torch_dtype
from sklearn_crossmodal.training._fit_loop import (
    Training,
    choose_batch_size,
    choose_max_epochs,
    make_net,
    train,
)
from sklearn_crossmodal.training._net import Net, NetClassifier, NetRegressor
from sklearn_crossmodal.training._objectives._constant_baselines import baselines
from sklearn_crossmodal.training._optimizers import OPTIMIZERS, optimizer_settings
from sklearn_crossmodal.training._post_fit._late_fusion_weights import fit_blend
from sklearn_crossmodal.training._post_fit._ridge_path import fit_linear_paths
from sklearn_crossmodal.training._post_fit._subset_inference import presence_of, scores_by_pattern
from sklearn_crossmodal.training._vectorized._dispatch import (
    joined,
    raise_interrupt,
    train_all,
    train_each,
)
from sklearn_crossmodal.training._vectorized._stacking_key import stack_key

__all__ = [
    "OPTIMIZERS",
    "BlockDataset",
    "EpochTasks",
    "FrozenInputs",
    "Net",
    "NetClassifier",
    "NetRegressor",
    "Training",
    "TrainingConfig",
    "are_in_order",
    "as_if_over",
    "baselines",
    "choose_batch_size",
    "choose_device",
    "choose_dtype",
    "choose_max_epochs",
    "cut_texts",
    "deal_folds",
    "embed_frozen",
    "fit_blend",
    "fit_linear_paths",
    "joined",
    "make_net",
    "optimizer_settings",
    "pick_split",
    "presence_of",
    "raise_interrupt",
    "reads_any_length",
    "scores_by_pattern",
    "seeded",
    "split_groups",
    "split_rows",
    "stack_key",
    "torch_dtype",
    "train",
    "train_all",
    "train_each",
    "warn_of_unused_rows",
]
