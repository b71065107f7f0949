"""The cells of a column: lists, dates, texts of numbers, files."""
