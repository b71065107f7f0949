"""Metrics for shared representations, cross-modal translation, and generated texts.

Metrics that take an estimator are scorers: pass them as ``scoring``, with `functools.partial` to
set their parameters.
"""

from sklearn_crossmodal.metrics._absence import absence_curve, area_under_absence_curve
from sklearn_crossmodal.metrics._bleu import bleu_score
from sklearn_crossmodal.metrics._coherence import cross_coherence, joint_coherence
from sklearn_crossmodal.metrics._probe import latent_probe, latent_probe_score
from sklearn_crossmodal.metrics._retrieval import mean_average_precision, median_rank, recall_at_k
from sklearn_crossmodal.metrics._retrieval_score import retrieval_score
from sklearn_crossmodal.metrics._seen_unseen import seen_unseen_harmonic_mean
from sklearn_crossmodal.metrics._translation import translation_matrix, translation_score

__all__ = [
    "absence_curve",
    "area_under_absence_curve",
    "bleu_score",
    "cross_coherence",
    "joint_coherence",
    "latent_probe",
    "latent_probe_score",
    "mean_average_precision",
    "median_rank",
    "recall_at_k",
    "retrieval_score",
    "seen_unseen_harmonic_mean",
    "translation_matrix",
    "translation_score",
]
