"""Scores of shared representations, translation between modalities, and generated texts.

Those that take an estimator are scorers: with `functools.partial` they go where scikit-learn takes
``scoring``.
"""

from sklearn_crossmodal.metrics._absence import absence_curve, area_under_absence_curve
from sklearn_crossmodal.metrics._bleu import bleu_score
from sklearn_crossmodal.metrics._coherence import cross_coherence, joint_coherence
from sklearn_crossmodal.metrics._probe import latent_probe, latent_probe_score
from sklearn_crossmodal.metrics._translation import translation_matrix, translation_score

__all__ = [
    "absence_curve",
    "area_under_absence_curve",
    "bleu_score",
    "cross_coherence",
    "joint_coherence",
    "latent_probe",
    "latent_probe_score",
    "translation_matrix",
    "translation_score",
]
