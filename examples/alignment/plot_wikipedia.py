"""
Articles of Wikipedia by their picture
======================================

2 866 sections of Wikipedia articles, each with a picture and a text, in ten classes such as
"warfare" and "music": the oldest benchmark of cross-modal retrieval [1]_. Which texts are of the
class of a picture, and the other way round?

The features are those that papers compare on: 128 counts of SIFT words of a picture, and ten LDA
topics of a text. They are in the repository BMC-SDNU/Cross-Modal-Retrieval on GitHub
(``wikipedia_info``); this example reads ``wiki_retrieval/data.npz`` in the folder that the variable
SKLEARN_CROSSMODAL_DATA names, with arrays ``image``, ``text`` and ``y``, each ``_train`` and
``_test``.

.. [1] N. Rasiwasia et al. (2010). "A new approach to cross-modal multimedia retrieval". ACM
   Multimedia. doi:10.1145/1873951.1873987
"""

# %%
# Published numbers beside ours
# -----------------------------
# Mean average precision over the whole ranked list. ``"cca"`` and ``"vicreg"`` see pairs alone,
# ``"semantic"`` and ``"supcon"`` the classes too.
import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame, Numeric
from sklearn_crossmodal.metrics import mean_average_precision

OUT = Path("demo")
OUT.mkdir(exist_ok=True)
# sphinx_gallery_thumbnail_path = "_static/examples/wikipedia.png"
start = time.perf_counter()

data = np.load(Path(os.environ["SKLEARN_CROSSMODAL_DATA"]) / "wiki_retrieval" / "data.npz")
X_train, X_test = (
    MultiModalFrame({"image": np.sqrt(data[f"image_{part}"]), "text": data[f"text_{part}"]})
    for part in ("train", "test")
)
y_train, y_test = data["y_train"], data["y_test"]
modalities = [(name, Numeric(scaling="standard"), name) for name in ("image", "text")]

scores = {
    "by chance": (0.118, 0.118),
    "CCA, published": (0.255, 0.185),
    "JFSSL, published, with classes": (0.306, 0.228),
    "SCM, published, with classes": (0.350, 0.250),
}
for objective, labelled in (
    ("cca", False),
    ("vicreg", False),
    ("supcon", True),
    ("semantic", True),
):
    aligner = CrossModalAligner(modalities, objective=objective, random_state=0)
    aligner.fit(X_train, y_train if labelled else None)
    images, texts = (aligner.embed(X_test, modality=name) for name in ("image", "text"))
    scores[f'"{objective}"{", with classes" * labelled}'] = (
        mean_average_precision(images, texts, y_test, y_test),
        mean_average_precision(texts, images, y_test, y_test),
    )

print(f"{'':<34}{'picture to text':>18}{'text to picture':>18}")
for name, (there, back) in scores.items():
    print(f"{name:<34}{there:>18.3f}{back:>18.3f}")

# %%
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
places = np.arange(len(scores))[::-1]
for shift, colour, label, side in (
    (0.2, "#2a6f97", "picture to text", 0),
    (-0.2, "#e07a5f", "text to picture", 1),
):
    values = [pair[side] for pair in scores.values()]
    bars = ax.barh(places + shift, values, height=0.38, color=colour, label=label)
    ax.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
ax.set_yticks(places, scores)
ax.set(xlim=(0, 0.45), xlabel="mean average precision on 693 test pairs")
ax.spines[["top", "right"]].set_visible(False)
fig.legend(loc="outside upper center", ncols=2, frameon=False)
fig.savefig(OUT / "wikipedia.png", dpi=120)

# %%
# .. image:: /_static/examples/wikipedia.png

# %%
print(f"\nWrote {OUT / 'wikipedia.png'}")
print(f"{time.perf_counter() - start:.0f} s")

# %%
# It prints
# ---------
# .. literalinclude:: /_static/examples/plot_wikipedia.txt
#     :language: none
