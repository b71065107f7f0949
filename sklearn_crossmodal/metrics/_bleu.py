"""BLEU score of generated texts."""

from __future__ import annotations

from numbers import Integral

import numpy as np

from sklearn_crossmodal.data import is_missing
from sklearn_crossmodal.utils import import_optional
from sklearn_crossmodal.utils._sklearn import Interval, StrOptions, _num_samples, validate_params

__all__ = ["bleu_score"]

#: Tokenizers of sacrebleu. Some need further packages, named in sacrebleu's error message.
_TOKENIZERS = {"none", "zh", "13a", "intl", "char", "ja-mecab", "ko-mecab", "spm", "flores101"}
_TOKENIZERS |= {"flores200", "spBLEU-1K"}


@validate_params(
    {
        "max_ngram_order": [Interval(Integral, 1, None, closed="left")],
        "lowercase": ["boolean"],
        "tokenize": [StrOptions(_TOKENIZERS)],
    },
    prefer_skip_nested_validation=True,
)
def bleu_score(y_true, y_pred, *, max_ngram_order=4, lowercase=False, tokenize="13a"):
    r"""Return the corpus-level BLEU score of generated texts.

    .. math:: \mathrm{BLEU} = \min\bigl(1, e^{1 - r / c}\bigr)
              \Bigl(\prod_{n=1}^{N} p_n\Bigr)^{1 / N}

    with :math:`p_n` the clipped n-gram precision over all predictions, c the number of tokens of
    the predictions, and r that of the references; each sample counts its reference of the nearest
    length [1]_. Computed by sacrebleu [2]_ with its default exponential smoothing of zero counts.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_references)
        The reference of each sample, or a list of several, whose number may differ by sample.
        Missing references are ignored, and so are samples without a reference.
    y_pred : array-like of shape (n_samples,) of str
        The generated texts.
    max_ngram_order : int, default=4
        The maximal n-gram order N. If no text has N tokens the score is 0: use 2 for texts of two
        or three words, 1 for single words.
    lowercase : bool, default=False
        Whether to ignore case.
    tokenize : str, default="13a"
        Name of a tokenizer of sacrebleu: "13a" as in the WMT evaluations, "char" for scripts
        without spaces, "none" to split at spaces.

    Returns
    -------
    float
        Between 0 and 1, a hundredth of the number that sacrebleu prints; higher is better.

    Raises
    ------
    ImportError
        If sacrebleu is not installed; ``sklearn_crossmodal[metrics]`` includes it.
    ValueError
        If the numbers of samples differ, no sample has a reference, or a value is not a string.

    See Also
    --------
    sklearn.metrics.make_scorer : ``make_scorer(bleu_score, lowercase=True)`` is a scorer for
        estimators whose `predict` returns texts.

    References
    ----------
    .. [1] K. Papineni et al. (2002). "BLEU: a method for automatic evaluation of machine
       translation". ACL. doi:10.3115/1073083.1073135
    .. [2] M. Post (2018). "A call for clarity in reporting BLEU scores". WMT.
       doi:10.18653/v1/W18-6319

    Examples
    --------
    >>> from sklearn_crossmodal.metrics import bleu_score
    >>> bleu_score(["a cat sleeps on the mat"], ["a cat sleeps on the mat"])
    1.0
    >>> names = [["a cat", "the cat"], ["a dog"]]
    >>> round(bleu_score(names, ["the cat", "a fox"], max_ngram_order=1), 2)
    0.75
    """
    references, predicted = _check_texts(y_true, y_pred)
    sacrebleu = import_optional("sacrebleu", extra="metrics", purpose="bleu_score")
    bleu = sacrebleu.metrics.BLEU(
        max_ngram_order=max_ngram_order, lowercase=lowercase, tokenize=tokenize
    )
    # sacrebleu takes streams: the first references of all samples, then the second, ...
    most = max(map(len, references))
    streams = [[row[k] if k < len(row) else None for row in references] for k in range(most)]
    return min(bleu.corpus_score(predicted, streams).score / 100, 1.0)  # rounding goes beyond


def _check_texts(y_true, y_pred) -> tuple[list[list[str]], list[str]]:
    """Return the references and predictions of all samples that have a reference."""
    if isinstance(y_true, str) or isinstance(y_pred, str):
        raise ValueError("bleu_score takes one text a sample, got a text alone: put it in a list.")
    if _num_samples(y_true) != _num_samples(y_pred):
        raise ValueError(
            f"bleu_score: y_true has {_num_samples(y_true)} samples, y_pred {_num_samples(y_pred)}."
        )
    cells, texts = (np.asarray(part, dtype=object) for part in (y_true, y_pred))
    if texts.ndim != 1:
        raise ValueError(
            f"bleu_score: y_pred must be one text a sample, got the shape {texts.shape}."
        )
    lists = [[*cell] if np.ndim(cell) else [cell] for cell in cells]
    rows = [[text for text in row if not is_missing(text)] for row in lists]
    kept = [(row, text) for row, text in zip(rows, texts, strict=True) if row]
    if not kept:
        raise ValueError("bleu_score: no sample of y_true has a reference.")
    wrong = [cell for row, text in kept for cell in (*row, text) if not isinstance(cell, str)]
    if wrong:
        raise ValueError(f"bleu_score takes texts, got {wrong[0]!r}, {type(wrong[0]).__name__}.")
    references, predicted = zip(*kept, strict=True)
    return list(references), [str(text) for text in predicted]
