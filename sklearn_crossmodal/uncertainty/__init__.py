"""Conformal prediction, calibrated for each subset of modalities."""
