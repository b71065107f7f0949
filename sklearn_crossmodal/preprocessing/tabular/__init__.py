"""Numeric and categorical columns."""
