"""The levels of one categorical column, and their codes."""

from __future__ import annotations

from numbers import Integral, Real
from zlib import crc32

import numpy as np

from sklearn_crossmodal.data import RARE, object_array

__all__ = ["HashedLevels", "Levels", "sort_key"]


class Levels:
    """Levels with one code each."""

    def __init__(self, levels: list, rare, *, ordered: bool, n_reserved_codes: int = 0) -> None:
        numpy_types = (np.number, np.bool_, np.str_)
        self.levels = [one.item() if isinstance(one, numpy_types) else one for one in levels]
        self.ordered = ordered
        self.rare = rare
        #: Number of codes reserved for later levels.
        self.n_reserved_codes = n_reserved_codes
        self.labels = object_array([None, rare, *self.levels, *[None] * n_reserved_codes])
        self.codes = {level: code for code, level in enumerate(self.levels, start=RARE + 1)}

    def code(self, cell) -> int:
        """Return the code of a cell that is not missing."""
        return self.codes.get(cell, RARE)

    def extended(self, levels: list) -> Levels:
        """Append levels, as far as codes are reserved."""
        new = levels[: self.n_reserved_codes]
        n_reserved_codes, rare = self.n_reserved_codes - len(new), self.rare
        if rare is None and len(levels) > len(new):
            rare = levels[len(new)]
        return Levels(
            [*self.levels, *new], rare, ordered=self.ordered, n_reserved_codes=n_reserved_codes
        )


class HashedLevels:
    """Levels hashed to buckets, with one code each."""

    ordered = False

    def __init__(self, levels: list, n_buckets: int) -> None:
        self.n_buckets = n_buckets
        found: dict[int, object] = {}
        for level in levels:  # the most frequent first
            found.setdefault(self.code(level), level)
        codes = range(RARE + 1, RARE + 1 + n_buckets)
        self.levels = [found.get(code) for code in codes]
        self.labels = object_array([None, None, *self.levels])

    def code(self, cell) -> int:
        """Return the code of a cell that is not missing."""
        return RARE + 1 + crc32(_as_text(cell).encode(errors="surrogatepass")) % self.n_buckets


def sort_key(level) -> tuple:
    """Sort numbers first, then other types, each by itself, so that mixed types are sortable."""
    if _is_number(level):
        # Python compares its numbers exactly; NumPy would round them to a common dtype first.
        return (0, level.item() if isinstance(level, np.generic) else level, "")
    return (1, 0, f"{type(level).__name__} {level}")


def _as_text(level) -> str:
    """Return the text to hash: equal for 1, 1.0 and True, and another for "1"."""
    if not _is_number(level):
        return f"{type(level).__name__} {level}"
    whole = isinstance(level, Integral | np.bool_) or float(level).is_integer()
    return f"number {int(level) if whole else float(level)!r}"


def _is_number(level) -> bool:
    return isinstance(level, Real | np.bool_)
