"""Spaces of an aligner: closed forms and networks, and what they are made of."""
