"""Data frames of any library: their columns, by name or position."""
