"""Images: files, channels, units of pixels, scaling."""
