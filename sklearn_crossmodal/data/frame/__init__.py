"""MultiModalFrame, and the protocols of Python, NumPy and scikit-learn that it implements."""
