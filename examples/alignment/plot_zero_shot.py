"""
Pictures of kinds that training never had
=========================================

Emoji come in 98 subgroups, such as "animal bird" and "food vegetable". A third of these are left
out of training, and pictures of them are told apart by the names of the subgroups alone.
"""

# %%
# New kinds by their name
# -----------------------
# The aligner learns from pairs of pictures and words of the other subgroups. No picture of the new
# ones has a label, and none was seen.
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sklearn_crossmodal import (
    CrossModalAligner,
    MultiModalFrame,
    ZeroShotClassifier,
    infer_modalities,
)
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.metrics import seen_unseen_harmonic_mean

OUT = Path("demo")
OUT.mkdir(exist_ok=True)
# sphinx_gallery_thumbnail_path = "_static/examples/zero_shot.png"
start = time.perf_counter()

parts = [load_emoji(split=part) for part in ("train", "test")]
X = MultiModalFrame.concat([part.data for part in parts])
subgroups = np.concatenate([part.subgroup for part in parts])
names = {label: label.replace("-", " ") for label in np.unique(subgroups)}
new = sorted(names)[::3]
is_new = np.isin(subgroups, new)

aligner = CrossModalAligner(
    infer_modalities(X, pretrained=True), memory=OUT / "memory", random_state=0
).fit(X[~is_new])
classifier = ZeroShotClassifier(aligner, {label: names[label] for label in new}).fit()
pictures = X[is_new][["image"]]
predicted, truth = classifier.predict(pictures), subgroups[is_new]
accuracy = np.mean(predicted == truth)
error = 1.96 * np.sqrt(accuracy * (1 - accuracy) / len(truth))
print(f"{len(truth)} pictures of {len(new)} subgroups that training did not have")
print(f"accuracy {accuracy:.1%}, 95 % interval {accuracy - error:.1%} to {accuracy + error:.1%}")
print(
    f"by chance {1 / len(new):.1%}, the most frequent subgroup "
    f"{max(np.mean(truth == label) for label in new):.1%}"
)

# %%
# New beside known
# ----------------
# Among all 98 subgroups a picture of a new one looks most like a known one. ``seen_penalty`` is
# taken from the similarity of known subgroups; the harmonic mean of both accuracies says how much.
rows = np.random.default_rng(0).permutation(np.flatnonzero(~is_new))
known, held_out = rows[400:], rows[:400]
asked = np.concatenate([held_out, np.flatnonzero(is_new)])
print(f"\n{'seen_penalty':<16}{'harmonic mean':>14}")
for penalty in (0.0, 0.1, 0.2, 0.3):
    generalised = ZeroShotClassifier(aligner, names, seen_penalty=penalty)
    generalised.fit(X[known][["image"]], subgroups[known])
    found = generalised.predict(X[asked][["image"]])
    mean = seen_unseen_harmonic_mean(subgroups[asked], found, seen=set(subgroups[known]))
    print(f"{penalty:<16}{mean:>14.3f}")

# %%
# What they were taken for
# ------------------------
right = np.flatnonzero(predicted == truth)
shown = np.random.default_rng(3).choice(right, 8, replace=False)
fig, axes = plt.subplots(1, 8, figsize=(11, 1.9), layout="constrained")
for ax, place in zip(axes, shown, strict=True):
    ax.imshow(pictures["image"][place])
    ax.set_title("\n".join(names[predicted[place]].rsplit(" ", 1)), fontsize=8)
    ax.axis("off")
fig.savefig(OUT / "zero_shot.png", dpi=120)

# %%
# .. image:: /_static/examples/zero_shot.png

# %%
print(f"\nWrote {OUT / 'zero_shot.png'}")
print(f"{time.perf_counter() - start:.0f} s")

# %%
# It prints
# ---------
# .. literalinclude:: /_static/examples/plot_zero_shot.txt
#     :language: none
