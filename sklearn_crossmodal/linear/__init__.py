"""Closed-form linear and kernel models in NumPy: joint Gaussians and kernel ridge regression."""
