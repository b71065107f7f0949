"""Conformal intervals, for each subset of modalities."""
