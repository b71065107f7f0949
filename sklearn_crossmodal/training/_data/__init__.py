"""Rows: data sets, batches, splits and folds."""
