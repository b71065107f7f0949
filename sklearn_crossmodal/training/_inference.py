"""Predictions of a trained net: large batches, no gradients, no iterator of skorch's."""

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

__all__ = ["Inference"]

#: Samples in a batch of prediction: enough to keep the processor busy, few enough for its cache.
PREDICT_BATCH_SIZE = 2048
#: Numbers of one modality in such a batch at most: images and long texts come in smaller batches.
PREDICT_BATCH_NUMBERS = 2**19
#: Scores of one target in such a batch at most: 256 words out of 10 000 are 10 MB a sample.
PREDICT_BATCH_SCORES = 2**25


class Inference:
    """The part of a net that predicts."""

    def evaluation_step(self, batch, training=False):
        """Return the scores of a batch, with dropout if `training`."""
        with torch.set_grad_enabled(training):
            self._set_training(training)
            return self.infer(self._to_device(batch[0]))

    def predict_proba(self, X):
        """Return the predictions for X, a `BlockDataset` or as `fit` of the estimator takes it.

        They are an ndarray with n rows, or a `MultiModalFrame` if there are several targets.
        """
        if self.decodes_all:
            return MultiModalFrame.concat([self.decode_scores(one) for one in self.forward_iter(X)])
        return np.concatenate(
            [self.decode_scores(scores["y"].detach()) for scores in self.forward_iter(X)]
        )

    def batches(
        self, dataset: BlockDataset, *, scores: bool = True
    ) -> Iterator[tuple[dict, dict[str, tuple]]]:
        """Yield inputs and targets in large batches on the device; the net is set to evaluation.

        With `scores`, batches are so small that the scores of all targets fit into memory.
        """
        self._set_training(False)
        widest = max(math.prod(rows.shape[1:]) for rows in dataset.values.values())
        batch_size = min(PREDICT_BATCH_SIZE, PREDICT_BATCH_NUMBERS // max(widest, 1))
        if scores:
            batch_size = min(batch_size, self._rows_of_scores())
        for inputs, targets, _ in BatchIterator(dataset, max(batch_size, 1)):
            yield self._to_device(inputs), self._to_device(targets)

    def _rows_of_scores(self) -> int:
        return max(1, PREDICT_BATCH_SCORES // flag(self.module_, "n_scores"))

    @torch.inference_mode()
    def decoded(self, latent: np.ndarray) -> Iterator[dict[str, Tensor]]:
        """Yield the scores of each target, decoded from shared latents (n, D'), in batches."""
        self._set_training(False)
        values = torch.from_numpy(np.ascontiguousarray(latent)).to(torch_dtype(self.precision))
        for batch in values.split(min(PREDICT_BATCH_SIZE, self._rows_of_scores())):
            yield self.module_.decode(self._to_device(batch))

    def sample_losses(
        self, blocks: Mapping[str, Block], targets: Mapping[str, Block]
    ) -> np.ndarray:
        """Return the loss of each sample and target, (n, n_targets), float64."""
        dataset = BlockDataset.from_blocks(blocks, torch_dtype(self.precision), targets)
        losses = []
        for inputs, aims in self.batches(dataset):
            with torch.inference_mode():
                scores = self.infer(self._informed(inputs, aims))
                parts = [
                    self.criterion_.losses[name].per_sample(scores[name], values, mask)
                    for name, (values, mask, _) in aims.items()
                ]
            losses.append(torch.stack(parts, dim=1).double().cpu().numpy())
        return np.concatenate(losses)

    def _informed(self, inputs: dict, targets: Mapping[str, tuple]) -> dict:
        """Return inputs with the true tokens of targets that are decoded autoregressively."""
        if not self.module_.teacher_forced:
            return inputs
        return {**inputs, "known": {name: targets[name][0] for name in self.module_.teacher_forced}}

    def outputs(self, blocks: Mapping[str, Block], step: str = "forward") -> Iterator:
        """Yield scores, or with ``step="encode"`` shared latents, in large batches."""
        dataset = BlockDataset.from_blocks(blocks, torch_dtype(self.precision))
        forward = step == "forward"
        run = self.infer if forward else lambda inputs: self.module_.encode(**inputs)
        for inputs, _ in self.batches(dataset, scores=forward):
            with torch.inference_mode():
                yield run(inputs)
