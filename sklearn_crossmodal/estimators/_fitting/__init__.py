"""The steps of `fit`."""
