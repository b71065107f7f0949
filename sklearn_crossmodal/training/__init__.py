"""Training: knows both blocks and networks, and alone knows skorch."""

from sklearn_crossmodal.training._balance import BALANCES
from sklearn_crossmodal.training._baselines import baselines
from sklearn_crossmodal.training._blending import fit_blend, fit_prior
from sklearn_crossmodal.training._callbacks import EpochTasks, as_if_over
from sklearn_crossmodal.training._dataset import BlockDataset
from sklearn_crossmodal.training._device import choose_device, choose_dtype, seeded, torch_dtype
from sklearn_crossmodal.training._evidence import evidence_bounds
from sklearn_crossmodal.training._frozen import FrozenInputs, embed_frozen
from sklearn_crossmodal.training._held_out import scores_by_pattern
from sklearn_crossmodal.training._leaving_out import latents_of, presence_of, scores_by_others
from sklearn_crossmodal.training._lengths import cut_texts, reads_any_length
from sklearn_crossmodal.training._linear_fit import fit_linear_paths
from sklearn_crossmodal.training._net import Net, NetClassifier, NetRegressor
from sklearn_crossmodal.training._optimizers import OPTIMIZERS, optimizer_settings
from sklearn_crossmodal.training._splitting import (
    are_in_order,
    deal_folds,
    pick_split,
    split_groups,
    split_rows,
    warn_of_unused_rows,
)
from sklearn_crossmodal.training._stackable import stack_key
from sklearn_crossmodal.training._together import (
    joined,
    raise_interrupt,
    train_all,
    train_together,
)
from sklearn_crossmodal.training._train import Training, make_net, train

__all__ = [
    "BALANCES",
    "OPTIMIZERS",
    "BlockDataset",
    "EpochTasks",
    "FrozenInputs",
    "Net",
    "NetClassifier",
    "NetRegressor",
    "Training",
    "are_in_order",
    "as_if_over",
    "baselines",
    "choose_device",
    "choose_dtype",
    "cut_texts",
    "deal_folds",
    "embed_frozen",
    "evidence_bounds",
    "fit_blend",
    "fit_linear_paths",
    "fit_prior",
    "joined",
    "latents_of",
    "make_net",
    "optimizer_settings",
    "pick_split",
    "presence_of",
    "raise_interrupt",
    "reads_any_length",
    "scores_by_others",
    "scores_by_pattern",
    "seeded",
    "split_groups",
    "split_rows",
    "stack_key",
    "torch_dtype",
    "train",
    "train_all",
    "train_together",
    "warn_of_unused_rows",
]
