"""Cells of a column: nested lists, dates, numbers in strings, files."""
