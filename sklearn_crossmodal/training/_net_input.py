"""Convert X and y as an estimator takes them to the data set of its net."""

from __future__ import annotations

from sklearn_crossmodal.training._data._dataset import BlockDataset
from sklearn_crossmodal.training._device import torch_dtype

__all__ = ["NetInput"]

#: What reading needs beside the parameters; all else would be pickled with the net.
_FITTED = {
    *("_bank", "_frozen", "_target", "modalities_", "dtype_", "_in_chunks"),
    *("n_features_in_", "feature_names_in_"),
}


class NetInput:
    """Reads X and y as an estimator read them in `fit`.

    Of the estimator only the fitted modalities and target are kept.
    """

    def __init__(self, estimator) -> None:
        # A slim copy, since the estimator holds the net.
        self.estimator = object.__new__(type(estimator))
        kept = _FITTED.union(estimator.get_params(deep=False))
        attributes = {name: value for name, value in vars(estimator).items() if name in kept}
        vars(self.estimator).update(attributes, callbacks=None, net_=None)

    def __call__(self, X, y=None) -> BlockDataset:
        """Return X, and y if there is one, as `fit` takes them, as a data set of the net."""
        dtype = torch_dtype(self.estimator.dtype_)
        if y is None:
            return BlockDataset.from_blocks(self.estimator._blocks(X), dtype)
        return self.estimator._read(X, y, None, resume=True).dataset(dtype)
