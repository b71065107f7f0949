"""
Names from pictures
===================

What would you call this? ``CrossModalGenerator`` looks at a picture and says a name, word by word,
having seen 1 524 emoji with their names. A third of the words in the names of the other 382 it
has never read, so that it cannot be right about all. Is it better than the simple thing, the name
of the picture that looks most alike?

Everything is seeded. The script prints a table and writes a picture to ``demo/``; it takes one to
two minutes on two cores.
"""

# %%
# The data
# --------
# X has one column, the pictures; y are the names. BLEU compares runs of words with those of the
# true name: here of lowercase words without punctuation, as the generator says them.
import re
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neighbors import NearestNeighbors

from sklearn_crossmodal import CrossModalGenerator, Image
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.metrics import bleu_score

OUT = Path("demo")
OUT.mkdir(exist_ok=True)
start = time.perf_counter()

train, test = (load_emoji(split=split) for split in ("train", "test"))
X_train, X_test = train.data[["image"]], test.data[["image"]]
y_train, y_test = (
    np.array([" ".join(re.findall(r"\w+", name.lower())) for name in part.name], dtype=object)
    for part in (train, test)
)

# %%
# Fit, and generate a name for each test picture
# ----------------------------------------------
# Faces, hands and people are drawn over the same outlines, so that pixels in their places are worth
# more here than what convolutions find anywhere.
modalities = [("image", Image(encoder="mlp"), "image")]
generator = CrossModalGenerator(modalities, max_epochs=100, random_state=0).fit(X_train, y_train)
captions = {"beam search": generator.predict(X_test)}
captions["greedy"] = generator.set_params(n_beams=1).predict(X_test)
captions["drawn"] = generator.set_params(temperature=1.0).predict(X_test)

# %%
# The floors: one name for all, and the name of the nearest picture.
pixels = [X["image"].reshape(len(X), -1) / 255 for X in (X_train, X_test)]
nearest = NearestNeighbors(n_neighbors=1).fit(pixels[0])
captions["nearest picture"] = y_train[nearest.kneighbors(pixels[1], return_distance=False)[:, 0]]
captions["'white flag' for all"] = np.full(len(y_test), "white flag", dtype=object)

print(f"{'names':<24} BLEU-1   BLEU-2    exact")
for name, texts in captions.items():
    scores = [bleu_score(y_test, texts, max_ngram_order=order) for order in (1, 2)]
    print(f"{name:<24} {scores[0]:6.3f}   {scores[1]:6.3f}   {np.mean(texts == y_test):6.3f}")

# %%
# Pictures it has never seen, what it calls them, and below what they are called
# -------------------------------------------------------------------------------
shown = np.random.default_rng(0).choice(len(y_test), 24, replace=False)
fig, axes = plt.subplots(4, 6, figsize=(13, 10), layout="constrained")
for ax, row in zip(axes.flat, shown, strict=True):
    ax.imshow(X_test["image"][row], interpolation="bilinear")
    ax.set_axis_off()
    name, truth = captions["beam search"][row], y_test[row]
    shared = set(name.split()) & set(truth.split())
    colour = "#1b7f3b" if name == truth else "#2a6f97" if shared else "#a33"
    ax.set_title(f"{name}\n", fontsize=8.5, color=colour, weight="bold")
    ax.text(0.5, 1.04, truth, transform=ax.transAxes, ha="center", fontsize=8, color="#777")
fig.suptitle(
    "Names of test pictures: right (green), partly right (blue), wrong (red); in grey the true name"
)
fig.savefig(OUT / "captions.png", dpi=120)

# %%
print(f"\nWrote {OUT / 'captions.png'}")
print(f"{time.perf_counter() - start:.0f} s")
