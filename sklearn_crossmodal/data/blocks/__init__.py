"""Blocks: the numeric arrays that modalities pass to the networks."""
