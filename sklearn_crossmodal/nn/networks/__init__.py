"""Networks: the modules that estimators train."""
