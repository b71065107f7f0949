"""What a trained net answers: large batches, no gradients, no iterator of skorch's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from sklearn_crossmodal.data import Block, MultiModalFrame
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.training._data._batch_iterator import BatchIterator
from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._device import torch_dtype

__all__ = ["Answering", "predict_batch_size"]

#: Samples in a batch of prediction: enough to keep the processor busy, few enough for its cache.
PREDICT_BATCH_SIZE = 2048
#: Numbers of one modality in such a batch at most: images and long texts come in smaller batches.
PREDICT_BATCH_NUMBERS = 2**19
#: Scores of one target in such a batch at most: 256 words out of 10 000 are 10 MB a sample.
PREDICT_BATCH_SCORES = 2**25


class Answering:
    """The part of a net that answers."""

    def evaluation_step(self, batch, training=False):
        """Return the scores of a batch.

        Parameters
        ----------
        batch : tuple
            As a `BatchIterator` yields it.
        training : bool, default=False
            Whether dropout is on.

        Returns
        -------
        dict of str to Tensor
        """
        with torch.set_grad_enabled(training):
            self._set_training(training)
            return self.infer(self._to_device(batch[0]))

    def predict_proba(self, X):
        """Return the answers for a data set.

        Parameters
        ----------
        X : BlockDataset, or as `fit` of the estimator takes it
            The samples.

        Returns
        -------
        ndarray with n rows, or MultiModalFrame
            The latter where there are several targets.
        """
        if getattr(self.decode_scores, "takes_all", False):
            return MultiModalFrame.concat([self.decode_scores(one) for one in self.forward_iter(X)])
        return np.concatenate(
            [self.decode_scores(scores["y"].detach()) for scores in self.forward_iter(X)]
        )

    @torch.inference_mode()
    def decoded(self, latent: np.ndarray) -> Iterator[dict[str, Tensor]]:
        """Decode latents in large batches, without gradients.

        Parameters
        ----------
        latent : ndarray of shape (n, D')
            Shared latents.

        Yields
        ------
        dict of str to Tensor
            Scores of each target.
        """
        self._set_training(False)
        values = torch.from_numpy(np.ascontiguousarray(latent)).to(torch_dtype(self.precision))
        for batch in values.split(min(PREDICT_BATCH_SIZE, self._rows_of_scores())):
            yield self.module_.decode(self._to_device(batch))

    def sample_losses(
        self, blocks: Mapping[str, Block], targets: Mapping[str, Block]
    ) -> np.ndarray:
        """Return the loss of each sample and target.

        Parameters
        ----------
        blocks, targets : mapping of str to Block
            The modalities, and what is to be decoded from them.

        Returns
        -------
        ndarray of shape (n, n_targets), float64
        """
        dataset = BlockDataset.from_blocks(blocks, torch_dtype(self.precision), targets)
        losses = []
        self._set_training(False)
        batch_size = min(predict_batch_size(dataset), self._rows_of_scores())
        for inputs, aims, _ in BatchIterator(dataset, batch_size):
            with torch.inference_mode():
                aims = self._to_device(aims)
                scores = self.infer(self._informed(self._to_device(inputs), aims))
                parts = [
                    self.criterion_.losses[name].per_sample(scores[name], values, mask)
                    for name, (values, mask, _) in aims.items()
                ]
            losses.append(torch.stack(parts, dim=1).double().cpu().numpy())
        return np.concatenate(losses)

    def _informed(self, inputs: dict, targets: Mapping[str, tuple]) -> dict:
        """Return inputs with the tokens of those targets that are decoded token by token."""
        if not self.module_.teacher_forced:
            return inputs
        return {**inputs, "known": {name: targets[name][0] for name in self.module_.teacher_forced}}

    def outputs(self, blocks: Mapping[str, Block], step: str = "forward") -> Iterator:
        """Run the network over blocks in large batches, without gradients.

        Parameters
        ----------
        blocks : mapping of str to Block
            The modalities.
        step : {"forward", "encode"}
            Which pass of the network.

        Yields
        ------
        Tensor, or dict of str to Tensor
            What the pass returns for a batch.
        """
        dataset = BlockDataset.from_blocks(blocks, torch_dtype(self.precision))
        run = self.infer if step == "forward" else lambda inputs: self.module_.encode(**inputs)
        batch_size = predict_batch_size(dataset)
        if step == "forward":
            batch_size = min(batch_size, self._rows_of_scores())
        self._set_training(False)
        for inputs, _, _ in BatchIterator(dataset, batch_size):
            with torch.inference_mode():
                yield run(self._to_device(inputs))

    def _rows_of_scores(self) -> int:
        """Return of how many samples the scores fit into the memory of a batch."""
        return max(1, PREDICT_BATCH_SCORES // flag(self.module_, "n_scores"))


def predict_batch_size(dataset: BlockDataset) -> int:
    """Return how many samples a batch has where nothing is trained.

    Parameters
    ----------
    dataset : BlockDataset
        Whose widest modality decides it.

    Returns
    -------
    int
    """
    widest = max(math.prod(rows.shape[1:]) for rows in dataset.values.values())
    return max(1, min(PREDICT_BATCH_SIZE, PREDICT_BATCH_NUMBERS // max(widest, 1)))
