"""Audio: waveforms and spectrograms."""
