"""The pandas extension array of modalities."""
