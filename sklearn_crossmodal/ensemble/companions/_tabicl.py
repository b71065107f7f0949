"""TabICL, a pretrained model of tables, on reduced features."""

from __future__ import annotations

from sklearn_crossmodal.ensemble.companions._base import Companion
from sklearn_crossmodal.utils import import_optional

__all__ = ["TabICLCompanion"]


class TabICLCompanion(Companion):
    """TabICL: the table that it was fitted on is read anew for each prediction [1]_.

    It is the strongest companion that is published: on 20 and 20 sets of tables with texts and
    with images, mean of AUROC and R² by frozen embeddings, .815 and .740; TabM .807 and .713,
    CatBoost .791 and .687, LightGBM .773 and .668 (results files of MulTaBench). It needs the
    package ``tabicl`` (BSD-3), which downloads its weights at first use, and a GPU above some
    thousands of rows; so ``companions="auto"`` leaves it out: name it.

    References
    ----------
    .. [1] J. Qu, D. Holzmüller, G. Varoquaux, M. Le Morvan (2025). "TabICL: a tabular foundation
       model for in-context learning on large data". arXiv:2502.05564

    Examples
    --------
    >>> from sklearn_crossmodal.ensemble.companions import TabICLCompanion
    >>> TabICLCompanion().is_default
    False
    """

    is_default = False

    def classifier(self, spec):
        return _tabicl().TabICLClassifier(random_state=spec.random_state)

    def regressor(self, spec):
        return (
            _tabicl().TabICLRegressor(random_state=spec.random_state)
            if spec.n_outputs == 1
            else None
        )


def _tabicl():
    return import_optional("tabicl", extra="tabicl", purpose="The companion 'tabicl'")
