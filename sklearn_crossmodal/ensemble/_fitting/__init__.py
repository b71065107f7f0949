"""Fit base models on folds, and keep what predicts."""
