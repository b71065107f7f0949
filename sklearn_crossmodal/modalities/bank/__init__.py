"""The modalities of an estimator, with their columns."""
