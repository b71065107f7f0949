"""Text: tokenizers, bigrams and word vectors."""
