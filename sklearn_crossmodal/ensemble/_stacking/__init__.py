"""Combine the predictions of base models."""
