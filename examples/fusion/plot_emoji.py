"""
What fusing pictures and names buys
===================================

1 906 emoji, each with a picture of 32 by 32 pixels, a name and keywords, in nine groups such as
"food-drink" and "flags". The picture alone predicts the group well, the words better. Are both
together better than words alone? Logistic regression on the same features is the baseline.

Everything is seeded. The script prints a table and writes three pictures to ``demo/``; it takes
three to four minutes on two cores.
"""

# %%
# The data
# --------
# X has one row per emoji and one column per modality; it is cut by row like an array.
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    Image,
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
# The floors
# ----------
# Logistic regression on pixels, on TF-IDF of the words, and on both side by side. ``C`` is what
# cross-validation in the training rows prefers; on pixels a tighter ``tol`` costs minutes.
words = TfidfVectorizer().fit(X_train["text"])


def pixels(X):
    return X["image"].reshape(len(X), -1) / 255


def tfidf(X):
    return words.transform(X["text"]).toarray()


def both(X):  # rows of pixels brought to the length of rows of TF-IDF, which is one
    image = pixels(X)
    return np.hstack([image / np.sqrt(image.shape[1]), tfidf(X)])


floors = {
    "pixels": (pixels, 1, 1e-3),
    "TF-IDF": (tfidf, 10, 1e-4),
    "pixels and TF-IDF": (both, 10, 1e-4),
}
rows = []


def report(name, predicted):
    accuracy = accuracy_score(y_test, predicted)
    macro_f1 = f1_score(y_test, predicted, average="macro")
    rows.append((name, accuracy, macro_f1))
    print(f"{name:<42} accuracy {accuracy:.3f}   macro F1 {macro_f1:.3f}", flush=True)


for name, (features, C, tol) in floors.items():
    floor = LogisticRegression(C=C, tol=tol, max_iter=2000).fit(features(X_train), y_train)
    report(f"logistic regression, {name}", floor.predict(features(X_test)))

# %%
# One modality, then both
# -----------------------
# ``FusionClassifier`` finds the modalities from the columns: a small convolutional network for the
# pictures, a bag of words for the texts.
for modality in ["image", "text"]:
    clf = FusionClassifier(random_state=0).fit(X_train[[modality]], y_train)
    report(f"FusionClassifier, {modality} only", clf.predict(X_test[[modality]]))

for fusion in ["concat", "gated", "attention"]:
    clf = FusionClassifier(fusion=fusion, random_state=0).fit(X_train, y_train)
    report(f"FusionClassifier, both, fusion={fusion!r}", clf.predict(X_test))

# %%
fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
names, accuracies, _ = zip(*reversed(rows), strict=True)
colours = ["#b8b8b8" if name.startswith("logistic") else "#2a6f97" for name in names]
bars = ax.barh(names, accuracies, color=colours)
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set(xlim=(0.5, 1.0), xlabel="accuracy on 382 test emoji", title="Group of an emoji")
ax.spines[["top", "right"]].set_visible(False)
fig.savefig(OUT / "emoji_accuracy.png", dpi=120)

# %%
# .. image:: /_static/examples/emoji_accuracy.png

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
    max_epochs=30,
    validation=None,
    random_state=0,
).fit(X_train)
shown = np.random.default_rng(1).choice(len(X_test), 10, replace=False)
X_shown = X_test[shown]
pictures = {
    "test picture": X_shown["image"],
    "reconstructed": autoencoder.reconstruct(X_shown)["image"],
    "from text alone": autoencoder.translate(X_shown, source="text", target="image"),
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
# From words to picture features
# ------------------------------
# ``CrossModalRegressor`` learns one mapping and nothing else: here from the words to the first
# sixteen principal components of the pictures, with ridge regression on TF-IDF beside it.
pca = PCA(16, random_state=0).fit(pixels(X_train))
Y_train, Y_test = pca.transform(pixels(X_train)), pca.transform(pixels(X_test))
mapping = CrossModalRegressor(random_state=0).fit(X_train[["text"]], Y_train)
ridge = Ridge().fit(tfidf(X_train), Y_train)
scores = {
    "CrossModalRegressor": mapping.score(X_test[["text"]], Y_test),
    "ridge on TF-IDF": ridge.score(tfidf(X_test), Y_test),
}
for name, r2 in scores.items():
    print(f"words -> picture features, {name:<22} R² {r2:.3f}")

first = pca.inverse_transform(mapping.predict(X_shown[["text"]])).reshape(-1, 32, 32, 3)
fig, axes = plt.subplots(2, len(shown), figsize=(12, 3), layout="constrained")
for row, title, images in zip(
    axes, ["test picture", "from words, by PCA"], [X_shown["image"] / 255, first], strict=True
):
    for ax, image in zip(row, images, strict=True):
        ax.imshow(np.clip(image, 0, 1))
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    row[0].set_ylabel(title)
fig.savefig(OUT / "emoji_mapping.png", dpi=120)

# %%
# .. image:: /_static/examples/emoji_mapping.png

# %%
print(f"\n{'Group of an emoji, test split':<42} accuracy   macro F1")
for name, accuracy, macro_f1 in rows:
    print(f"{name:<42} {accuracy:8.3f}   {macro_f1:8.3f}")
print(f"\nWrote {', '.join(str(path) for path in sorted(OUT.glob('emoji_*.png')))}")
print(f"{time.perf_counter() - start:.0f} s")

# %%
# It prints
# ---------
# .. literalinclude:: /_static/examples/plot_emoji.txt
#     :language: none
