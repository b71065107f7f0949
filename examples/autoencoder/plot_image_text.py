"""
The classic image-text autoencoder
==================================

Convolutions of 32 and 64 channels, each with a pooling, for pictures; an embedding and an LSTM of
64 units for texts; both side by side into a shared space of 128 numbers; a decoder that enlarges to
a picture with a sigmoid, and one with a softmax over the words. Built from the components of this
package it takes one expression, and every number in it is a parameter a grid can search over.
"""

# %%
from pathlib import Path

import matplotlib.pyplot as plt

from sklearn_crossmodal import Image, MultiModalAutoencoder, Text
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.nn.decoders import CNNDecoder, TokensDecoder
from sklearn_crossmodal.nn.encoders import CNNEncoder, LSTMEncoder

# sphinx_gallery_thumbnail_path = "_static/examples/image_text_autoencoder.png"

X_train, _ = load_emoji(split="train", return_X_y=True)
X_test, _ = load_emoji(split="test", return_X_y=True)

image = Image(
    scaling="unit",
    encoder=CNNEncoder((32, 64), patch_size=1, normalize=False, max_shift=0, dropout=0.0),
    decoder=CNNDecoder((64, 32), activation="sigmoid"),
)
text = Text(
    max_length=16,
    max_words=10_000,
    encoder=LSTMEncoder(64, embedding_width=64),
    decoder=TokensDecoder(width=64),
)
autoencoder = MultiModalAutoencoder(
    [("image", image, "image"), ("text", text, "text")],
    fusion="concat",
    n_components=128,
    max_epochs=10,
    batch_size=32,
    learning_rate_schedule="constant",
    validation=None,
    modality_dropout=0.0,
    random_state=0,
    verbose=1,
).fit(X_train)

# %%
# What ten epochs give back of pictures it has never seen.
n_shown = 10
restored = autoencoder.reconstruct(X_test[:n_shown])
fig, axes = plt.subplots(2, n_shown, figsize=(12, 2.9), layout="constrained")
for row, images in zip(axes, [X_test["image"], restored["image"]], strict=True):
    for ax, picture in zip(row, images, strict=False):
        ax.imshow(picture)
        ax.set_axis_off()
fig.suptitle("test pictures, and what the autoencoder gives back")
Path("demo").mkdir(exist_ok=True)
fig.savefig("demo/image_text_autoencoder.png", dpi=120)

# %%
# .. image:: /_static/examples/image_text_autoencoder.png
print("Wrote demo/image_text_autoencoder.png")

# %%
# It prints
# ---------
# .. literalinclude:: /_static/examples/plot_image_text.txt
#     :language: none
