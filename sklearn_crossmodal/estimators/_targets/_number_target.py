"""A target of numbers under a loss, and one of texts that are generated."""

from __future__ import annotations

from sklearn_crossmodal.estimators._fitting._warm_start import check_same_loss, describe_loss
from sklearn_crossmodal.estimators._targets._date_targets import refuse_dates
from sklearn_crossmodal.estimators._targets._modality import ModalityTarget
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.modalities import MODALITIES, Text
from sklearn_crossmodal.nn import build_loss, check_range, resolve
from sklearn_crossmodal.nn._protocols import flag
from sklearn_crossmodal.nn.losses import LOSSES
from sklearn_crossmodal.utils._validation import error_prefix

__all__ = ["NumberTarget", "TextTarget"]


class NumberTarget(ModalityTarget):
    """Numbers, scaled as the loss asks for.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    loss : str or component
        A loss of numbers.
    """

    _learned = (*ModalityTarget._learned, "first_loss")

    def __init__(self, owner, *, loss) -> None:
        super().__init__(owner)
        self.loss = loss
        self.first_loss = describe_loss(owner, loss)

    def resume(self, before):
        """Go on from the scale of another target, with the same loss."""
        super().resume(before)
        check_same_loss(self.owner, self.first_loss, self.loss)

    def make_modality(self, y):
        """Return numbers, scaled as the loss asks for: not all have a logarithm."""
        loss = resolve(self.loss, LOSSES, "loss")
        return MODALITIES["numeric"](scaling=flag(loss, "scaling"))

    def blocks(self, y, inputs):
        """Return the block of y; raise if its numbers are out of the range of the loss."""
        found = super().blocks(y, inputs)
        numbers = self.modality.inverse_transform(found["y"].values[:])
        with error_prefix(self.owner):
            loss = build_loss(self.loss, self.spec)
        with error_prefix(f"{self.owner}: loss={self.loss!r} does not suit y"):
            check_range(loss, numbers, "take another loss, or leave out these samples")
        return found


class TextTarget(ModalityTarget):
    """Texts that are generated word by word.

    Parameters
    ----------
    owner : str
        Name of the estimator, for messages.
    target : Text or None
        How they are read; None is `Text` by default.
    """

    def __init__(self, owner, *, target) -> None:
        super().__init__(owner)
        self.target = target

    def validate(self, X, y):
        """Return texts with the rows of X."""
        y = super().validate(X, y)
        takes_ids = isinstance(self.target, Text) and self.target.tokenizer == "ids"
        if y.dtype.kind not in "OUT" and not takes_ids:
            raise ModalityError(
                f"{self.owner}: y must hold texts, got {y.dtype} of shape {y.shape}: for "
                "numbers and images take CrossModalRegressor, for labels FusionClassifier."
            )
        return y

    def check_dates(self, y):
        """Raise if y holds dates; texts that look like dates are written as texts."""
        refuse_dates(self.owner, y, self.names, in_texts=False)

    def make_modality(self, y):
        """Return the texts, whose own decoder would not be used."""
        target = Text() if self.target is None else self.target
        if target.decoder != Text().decoder:
            raise ModalityError(
                f"its decoder={target.decoder!r} would not be used: give it as decoder of "
                f"{self.owner}, and leave it out of target."
            )
        return target
