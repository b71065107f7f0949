"""
What fusing pictures and words buys
===================================

1 906 emoji, each with a picture of 32 by 32 pixels, a name and keywords, in nine groups such as
"food-drink" and "flags". The picture alone predicts the group well, the words better. Are both
together better than words alone?

Everything is seeded. The script prints tables and writes pictures to ``demo/``; it takes less
than four minutes on two cores.
"""

# %%
# The data
# --------
# X has one row per emoji and one column per modality; it is cut by row like an array.
import textwrap
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from sklearn_crossmodal import (
    AutoFusionClassifier,
    FusionClassifier,
    Image,
    ModalityVectorizer,
    MultiModalAutoencoder,
    Text,
)
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.nn.decoders import TokensDecoder
from sklearn_crossmodal.nn.encoders import CNNEncoder

OUT = Path("demo")
OUT.mkdir(exist_ok=True)
# sphinx_gallery_thumbnail_path = "_static/examples/emoji_autoencoder.png"
start = time.perf_counter()

X_train, y_train = load_emoji(split="train", return_X_y=True)
X_test, y_test = load_emoji(split="test", return_X_y=True)
print(X_train)

# %%
# Networks from scratch, and frozen encoders
# ------------------------------------------
# ``FusionClassifier`` trains a network for each modality: here a small convolutional network for
# the pictures, and a bag of words for the texts. A network that was trained on a million other
# pictures sees more in these than one that sees 1 524, and one that read a billion sentences knows
# more words; frozen, they are not trained further. ``memory`` keeps their embeddings for the fits
# that follow.
#
# Beside it stands logistic regression on the same inputs: pixels or embeddings, and TF-IDF, rows of
# each brought to length one. ``C`` is what cross-validation in the training rows prefers.
lite0, minilm = Image(encoder="efficientnet_lite0"), Text(encoder="minilm")
inputs = {
    "pictures, pixels": ([("image", "image", "image")], 3),
    "pictures, EfficientNet-Lite0": ([("image", lite0, "image")], 10),
    "words": ([("text", "text", "text")], 10),
    "both, from scratch": ([("image", "image", "image"), ("text", "text", "text")], 30),
    "both, frozen encoders": ([("image", lite0, "image"), ("text", minilm, "text")], 100),
}
memory = OUT / "memory"


def floor(modalities, C):
    """Return the accuracy of logistic regression."""
    parts = []
    for modality in modalities:
        vectorizer = ModalityVectorizer([modality], n_components=None, memory=memory)
        block = make_pipeline(vectorizer, Normalizer())
        columns = [modality[-1]]
        both = block.fit_transform(X_train[columns]), block.transform(X_test[columns])
        parts.append([sparse.csr_array(one) for one in both])
    train, test = (sparse.csr_array(sparse.hstack(some)) for some in zip(*parts, strict=True))
    return LogisticRegression(C=C, max_iter=1000).fit(train, y_train).score(test, y_test)


accuracies, fitted = {}, {}
for name, (modalities, C) in inputs.items():
    columns = [column for *_, column in modalities]
    fitted[name] = FusionClassifier(modalities, memory=memory, random_state=0)
    fitted[name].fit(X_train[columns], y_train)
    accuracies[name] = floor(modalities, C), fitted[name].score(X_test[columns], y_test)

print("\nAccuracy on 382 test emoji")
print(f"{'':<30}{'logistic regression':>20}{'FusionClassifier':>20}")
for name, (of_floor, of_fusion) in accuracies.items():
    print(f"{name:<30}{of_floor:>20.3f}{of_fusion:>20.3f}")

# %%
fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
places = np.arange(len(accuracies))[::-1]
for shift, colour, label, place in (
    (0.2, "#b8b8b8", "logistic regression on the same inputs", 0),
    (-0.2, "#2a6f97", "FusionClassifier", 1),
):
    scores = [pair[place] for pair in accuracies.values()]
    bars = ax.barh(places + shift, scores, height=0.38, color=colour, label=label)
    ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set_yticks(places, accuracies)
ax.set(xlim=(0.5, 1.0), xlabel="accuracy on 382 test emoji: its group, of nine")
ax.spines[["top", "right"]].set_visible(False)
fig.legend(loc="outside upper center", ncols=2, frameon=False)
fig.savefig(OUT / "emoji_accuracy.png", dpi=120)

# %%
# .. image:: /_static/examples/emoji_accuracy.png

# %%
# One modality is enough to predict
# ---------------------------------
# The network of both modalities, as it is: a sample may lack its words, or its picture.
both = fitted["both, frozen encoders"]
print("\nThe network of both, where a modality is absent")
for name, columns in {"pictures and words": ["image", "text"], **{n: [n] for n in X_test}}.items():
    print(f"{name:<30}{both.score(X_test[columns], y_test):>20.3f}")

# %%
# Let it choose
# -------------
# ``AutoFusionClassifier`` fits the network and other models on folds of the training rows, within
# a minute here, and combines what predicts best. ``fusion_gain_`` says what each modality adds.
modalities, _ = inputs["both, frozen encoders"]
auto = AutoFusionClassifier(
    modalities,
    estimator=FusionClassifier(n_folds=None, memory=memory),
    time_limit=60,  # seconds
    random_state=0,
).fit(X_train, y_train)
board = auto.leaderboard_
print(f"\n{'model':<20}{'out-of-fold':>12}{'weight':>8}{'seconds':>9}")
for model, score, weight, seconds in zip(
    *(board[key] for key in ("model", "score", "weight", "seconds")), strict=True
):
    share = "" if model == "fused" else f"{weight:.2f}"  # that of the combination is of no model
    print(f"{model:<20}{score:>12.3f}{share:>8}{seconds:>9.1f}")
print(textwrap.fill(auto.fusion_gain_.summary, 79))
print(f"accuracy on the test emoji {auto.score(X_test, y_test):.3f}")

# %%
# A shared representation
# -----------------------
# ``MultiModalAutoencoder`` sees no labels. It draws pictures it has never seen from the shared
# representation, and from the words alone. Texts are decoded as bags of words, and training is not
# stopped when the words of held-out texts no longer improve, since the pictures still do.
image = Image(encoder=CNNEncoder(max_shift=0, dropout=0.0))
text = Text(decoder=TokensDecoder("bag"))
autoencoder = MultiModalAutoencoder(
    [("image", image, "image"), ("text", text, "text")],
    n_components=64,
    max_epochs=16,
    validation=None,
    random_state=0,
).fit(X_train)
shown = np.random.default_rng(1).choice(len(X_test), 10, replace=False)
X_shown = X_test[shown]
pictures = {
    "test picture": X_shown["image"],
    "reconstructed": autoencoder.reconstruct(X_shown)["image"],
    "from words alone": autoencoder.translate(X_shown, source="text", target="image"),
}
fig, axes = plt.subplots(3, len(shown), figsize=(12, 4.2), layout="constrained")
for row, (title, images) in zip(axes, pictures.items(), strict=True):
    for ax, image in zip(row, images, strict=True):
        ax.imshow(image)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    row[0].set_ylabel(title)
for ax, text in zip(axes[0], X_shown["text"], strict=True):
    ax.set_title(text.split(",")[0][:16], fontsize=9)
fig.savefig(OUT / "emoji_autoencoder.png", dpi=120)

# %%
# .. image:: /_static/examples/emoji_autoencoder.png

# %%
print(f"\nWrote {', '.join(str(path) for path in sorted(OUT.glob('emoji_*.png')))}")
print(f"{time.perf_counter() - start:.0f} s")

# %%
# It prints
# ---------
# .. literalinclude:: /_static/examples/plot_emoji.txt
#     :language: none
