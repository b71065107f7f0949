"""Pretrained encoders: model files, tokenizers, image normalisation, adapters."""
