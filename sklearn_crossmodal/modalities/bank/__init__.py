"""The modalities of an estimator, each bound to its columns."""
