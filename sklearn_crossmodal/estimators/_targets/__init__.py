"""Targets: validation, encoding, decoding, scores."""
