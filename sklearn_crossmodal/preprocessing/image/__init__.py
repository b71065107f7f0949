"""Images: files, channels, pixel units, resizing and scaling."""
