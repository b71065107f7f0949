"""Columns of numbers and categories."""
