"""
Find me the picture for this sentence
=====================================

1 524 emoji, each with a picture, a name and keywords, teach one space for pictures and words. Other
pictures are then found by words that are in no name.
"""

# %%
# One space
# ---------
# ``infer_modalities(pretrained=True)`` reads pictures with EfficientNet-Lite0, which was trained on
# a million photographs, and texts with MiniLM, which was trained on a billion pairs of sentences.
# Neither ever saw the other's kind of data. ``CrossModalAligner`` brings them together in closed
# form: canonical correlations, which take seconds.
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sklearn_crossmodal import (
    CrossModalAligner,
    CrossModalRetriever,
    MultiModalFrame,
    infer_modalities,
)
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.metrics import median_rank, recall_at_k

OUT = Path("demo")
OUT.mkdir(exist_ok=True)
# sphinx_gallery_thumbnail_path = "_static/examples/words_to_emoji.png"
start = time.perf_counter()

X_train, X_test = (load_emoji(split=part).data for part in ("train", "test"))
modalities = infer_modalities(X_train, pretrained=True)
aligner = CrossModalAligner(modalities, memory=OUT / "memory", random_state=0).fit(X_train)

# %%
# How well does it find?
# ----------------------
# Each of the 382 test emoji is looked for by its own words, among the pictures of all of them.
words, pictures = (aligner.embed(X_test, modality=name) for name in ("text", "image"))
print("382 test emoji, from words to pictures")
print(f"{'first':<24}{recall_at_k(words, pictures, 1):>8.1%}{'by chance':>14}{1 / 382:>8.1%}")
print(
    f"{'among the first ten':<24}{recall_at_k(words, pictures, 10):>8.1%}{'':>14}{10 / 382:>8.1%}"
)
print(f"{'median rank':<24}{median_rank(words, pictures):>8.0f}{'':>14}{382 / 2:>8.0f}")

# %%
# Words that are in no name
# -------------------------
# The gallery holds the pictures of all 1 906 emoji, without their words.
X = MultiModalFrame.concat([X_train, X_test])
gallery = CrossModalRetriever(aligner).fit(X[["image"]])
queries = [
    "something cold to eat",
    "a vegetable for the salad",
    "an animal that lives in the ocean",
    "how we travel far away",
    "it rained all day",
]
asked = MultiModalFrame({"text": np.array(queries, dtype=object)})
found = gallery.kneighbors(asked, n_neighbors=5, return_distance=False)

print()
for query, places in zip(queries, found, strict=True):
    names = [text.split(",")[0] for text in X["text"][places]]
    print(f"{query}:\n    {', '.join(names)}")

fig, axes = plt.subplots(len(queries), 6, figsize=(7.5, 5.2), layout="constrained")
for row, query, places in zip(axes, queries, found, strict=True):
    row[0].text(1.0, 0.5, query, ha="right", va="center", fontsize=11)
    for ax, picture in zip(row[1:], X["image"][places], strict=True):
        ax.imshow(picture)
    for ax in row:
        ax.axis("off")
fig.savefig(OUT / "words_to_emoji.png", dpi=120)

# %%
# .. image:: /_static/examples/words_to_emoji.png

# %%
print(f"\nWrote {OUT / 'words_to_emoji.png'}")
print(f"{time.perf_counter() - start:.0f} s")

# %%
# It prints
# ---------
# .. literalinclude:: /_static/examples/plot_words_to_emoji.txt
#     :language: none
