"""Pretrained encoders: files, tokenizers, normalisation, adapters."""
