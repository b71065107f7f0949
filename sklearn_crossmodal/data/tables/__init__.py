"""Columns of data frames of any library, by name or position."""
