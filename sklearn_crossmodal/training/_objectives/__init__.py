"""What is minimised, and the constant predictor that it is compared with."""
