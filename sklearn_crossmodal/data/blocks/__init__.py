"""Blocks: what crosses from the modalities to the networks."""
