"""The space of an aligner: the closed form, and beside it the networks of a trained objective."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_crossmodal.alignment._spaces._canonical_embedding import CanonicalEmbedding
from sklearn_crossmodal.alignment._spaces._contrastive_embedding import ContrastiveEmbedding
from sklearn_crossmodal.alignment._spaces._inverse_maps import InverseMaps
from sklearn_crossmodal.alignment._spaces._posterior_embedding import PosteriorEmbedding
from sklearn_crossmodal.alignment._spaces._selection import select
from sklearn_crossmodal.data import Block
from sklearn_crossmodal.estimators._modality_features import (
    embedded_blocks,
    fit_reducers,
    reduce_blocks,
    source_of,
)
from sklearn_crossmodal.nn.losses import OBJECTIVES
from sklearn_crossmodal.utils._cache import SHARED
from sklearn_crossmodal.utils._sklearn import InvalidParameterError
from sklearn_crossmodal.utils._slices import slices_of

__all__ = ["BY_CLASS", "CLOSED_FORMS", "AlignedSpace"]

#: Objectives without networks, and those that need classes.
CLOSED_FORMS, BY_CLASS = ("cca", "semantic"), frozenset({"semantic", "supcon"})
#: What "auto" chooses from; the first ones where there are too few pairs to tell.
_KERNELS, _SHRINKAGES = ("linear", "rbf"), (0.3, 0.03, 0.1, 0.6, 0.9)
#: Samples that are embedded at a time.
_ROWS = 2**16


class AlignedSpace:
    """Unit vectors of each modality.

    The vectors of closed form and networks stand side by side, divided so that the cosine is the
    weighted mean of both cosines.

    Attributes
    ----------
    closed : CanonicalEmbedding or PosteriorEmbedding
        The closed form.
    networks : ContrastiveEmbedding or None
        The networks, of an objective that trains them.
    kernel, shrinkage : str and float, or None
        Of the canonical correlation.
    """

    networks = kernel = shrinkage = _inverse = None

    def fit(
        self,
        aligner,
        blocks: Mapping[str, Block],
        classes: np.ndarray | None,
        weight: np.ndarray | None,
        seed: int,
    ) -> AlignedSpace:
        """Find the space of the blocks of training samples.

        Parameters
        ----------
        aligner : CrossModalAligner
            With fitted modalities.
        blocks : mapping of str to Block
            Of the modalities.
        classes : ndarray of shape (n,), int, or None
            Codes of the classes.
        weight : ndarray of shape (n,), or None
            Weights of the samples.
        seed : int
            Of all that is drawn.
        """
        embedded = embedded_blocks(aligner, blocks)
        self._reducers, parts = fit_reducers(embedded, blocks, aligner.n_features, seed)
        parts, kinds = _by_modality(parts), _by_modality({n: b.kind for n, b in embedded.items()})
        present = np.column_stack([block.present for block in blocks.values()])
        if aligner.objective in BY_CLASS:
            self.closed = PosteriorEmbedding(seed).fit(parts, kinds, present, classes, weight)
        else:
            self._correlate(aligner, parts, kinds, present, weight, seed)
            known = {
                name: self.closed.coordinates(name, [part[blocks[name].present] for part in some])
                for name, some in parts.items()
            }
            self._inverse = InverseMaps().fit(known, blocks, weight)
        if aligner.objective in OBJECTIVES:
            networks = ContrastiveEmbedding(aligner)
            self.networks = networks.fit(aligner, blocks, classes, weight, seed)
        return self

    def embed(
        self, aligner, blocks: Mapping[str, Block], dtype=np.float64
    ) -> dict[str, np.ndarray]:
        """Return the unit vectors (n, k) of blocks, which may be those of some modalities.

        Parameters
        ----------
        aligner : CrossModalAligner
            As in `fit`.
        blocks : mapping of str to Block
            Of samples.
        dtype : type, default=float64
            Of the vectors.
        """
        n_rows = len(next(iter(blocks.values())))
        if n_rows <= _ROWS:
            found = [self._embed(aligner, blocks)]
        else:
            parts = (np.arange(n_rows)[rows] for rows in slices_of(n_rows, _ROWS))
            found = [
                self._embed(aligner, {name: block.take(rows) for name, block in blocks.items()})
                for rows in parts
            ]
        return {
            name: np.concatenate([part[name].astype(dtype, copy=False) for part in found])
            for name in blocks
        }

    def _embed(self, aligner, blocks):
        with SHARED.open():  # both read the same vectors of frozen encoders
            closed = self.closed.embed(self._parts(aligner, blocks))
            if self.networks is None:
                return closed
            trained = self.networks.embed(aligner, blocks)
        share = aligner.closed_form_weight  # perhaps set after `fit`
        if not 0 <= share <= 1:
            raise InvalidParameterError(
                f"{type(aligner).__name__}: closed_form_weight={share!r} is not from 0 to 1."
            )
        return {
            name: np.hstack([share**0.5 * closed[name], (1 - share) ** 0.5 * trained[name]])
            for name in closed
        }

    def features(self, aligner, blocks: Mapping[str, Block]) -> dict[str, np.ndarray]:
        """Return the features (n, d) of blocks whose canonical correlations are taken."""
        return self.closed.features(self._parts(aligner, blocks))

    def inverted(self, aligner, blocks: Mapping[str, Block], source: str, target: str):
        """Return the values (n, D) of the target that are expected of the source.

        Parameters
        ----------
        aligner : CrossModalAligner
            As in `fit`.
        blocks : mapping of str to Block
            The source.
        source, target : str
            Names of modalities.

        Raises
        ------
        ValueError
            If there is no map back to the target.
        """
        if self._inverse is None or target not in self._inverse:
            raise ValueError(
                f"{type(aligner).__name__}: {target!r} cannot be had from the space alone, as "
                "numbers and pictures with canonical correlations can: pass gallery=, samples to "
                "choose from."
            )
        values = self._parts(aligner, blocks)[source]
        coordinates = self.closed.coordinates(source, values)
        if source != target:
            coordinates = coordinates * self.closed.directions.correlations_
        return self._inverse.values(target, coordinates)

    def _parts(self, aligner, blocks):
        return _by_modality(reduce_blocks(self._reducers, embedded_blocks(aligner, blocks)))

    def _correlate(self, aligner, parts, kinds, present, weight, seed):
        """Find the canonical directions, with the kernel and the shrinkage that suit best."""
        kernels = _KERNELS if aligner.kernel == "auto" else [aligner.kernel]
        auto = aligner.shrinkage == "auto"
        shrinkages = _SHRINKAGES if auto else [float(aligner.shrinkage)]
        candidates = [(kernel, shrinkage) for kernel in kernels for shrinkage in shrinkages]
        chosen = select(parts, kinds, present, candidates, aligner.n_components, seed, weight)
        self.kernel, self.shrinkage = chosen
        self.closed = CanonicalEmbedding(self.kernel, aligner.n_components, seed)
        self.closed.map(parts, kinds, present, weight).fit(self.shrinkage)
        self.closed.directions.forget()
        if not len(self.closed.directions.correlations_):
            raise ValueError(
                f"{type(aligner).__name__}: there is no direction in which {list(parts)} vary "
                "together: are features constant, or no samples pairs?"
            )


def _by_modality(found: dict) -> dict[str, list]:
    """Return what blocks have as a list for each modality."""
    parts: dict[str, list] = {}
    for name, one in found.items():
        parts.setdefault(source_of(name), []).append(one)
    return parts
