"""Closed-form linear and kernel models, in NumPy."""
