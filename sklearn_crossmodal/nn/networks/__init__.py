"""The networks that estimators train."""
