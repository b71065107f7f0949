"""
The same patient in another layer
=================================

Gene expression and micro-RNA of 220 breast tumours [1]_: given one layer of a patient, which is the
other one? With 150 pairs and hundreds of numbers a canonical correlation without shrinkage finds
perfect correlations that mean nothing.

The data are ``breast.TCGA`` of the R package mixOmics; this example reads
``breast_tcga_diablo/data.npz`` in the folder that the variable SKLEARN_CROSSMODAL_DATA names, with
arrays ``mrna`` and ``mirna``, each ``_train`` and ``_test``.

.. [1] A. Singh et al. (2019). "DIABLO: an integrative approach for identifying key molecular
   drivers from multi-omics assays". Bioinformatics. doi:10.1093/bioinformatics/bty1054
"""

# %%
# Shrinkage
# ---------
# ``shrinkage="auto"`` is chosen by cross-validated retrieval in the training pairs.
import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame
from sklearn_crossmodal.metrics import recall_at_k

OUT = Path("demo")
OUT.mkdir(exist_ok=True)
# sphinx_gallery_thumbnail_path = "_static/examples/omics.png"
start = time.perf_counter()

data = np.load(Path(os.environ["SKLEARN_CROSSMODAL_DATA"]) / "breast_tcga_diablo" / "data.npz")
X_train, X_test = (
    MultiModalFrame({name: data[f"{name}_{part}"] for name in ("mrna", "mirna")})
    for part in ("train", "test")
)
layers = list(X_train)


def recalls(aligner, X):
    """Return recall at 1, 5 and 10 from gene expression to micro-RNA."""
    pair = [aligner.embed(X, modality=name) for name in layers]
    return [recall_at_k(*pair, k) for k in (1, 5, 10)]


rows = {}
for shrinkage in (0.001, 0.1, 0.5, "auto"):
    kernel = "auto" if shrinkage == "auto" else "linear"
    aligner = CrossModalAligner(kernel=kernel, shrinkage=shrinkage, random_state=0).fit(X_train)
    rows[shrinkage] = aligner.correlations_, recalls(aligner, X_train), recalls(aligner, X_test)

print(
    f"{'shrinkage':<12}{'correlation':>12}{'train, first ten':>18}{'test, first':>13}"
    f"{'first ten':>11}"
)
for name, (correlations, train, test) in rows.items():
    print(f"{name:<12}{correlations[0]:>12.3f}{train[2]:>18.1%}{test[0]:>13.1%}{test[2]:>11.1%}")
print(f"{'by chance':<42}{1 / len(X_test):>13.1%}{10 / len(X_test):>11.1%}")

# %%
# Patients by patients
# --------------------
# Similarities of the two layers of the 70 test patients; the same patient is on the diagonal.
similarities = aligner.similarity(X_test[["mrna"]], X_test[["mirna"]])
order = np.argsort(data["y_test"], kind="stable")
fig, ax = plt.subplots(figsize=(4.6, 4), layout="constrained")
drawn = ax.imshow(similarities[np.ix_(order, order)], cmap="RdBu_r", vmin=-1, vmax=1)
ax.set(xlabel="micro-RNA of patient", ylabel="gene expression of patient")
fig.colorbar(drawn, label="cosine")
fig.savefig(OUT / "omics.png", dpi=120)

# %%
# .. image:: /_static/examples/omics.png

# %%
print(f"\nWrote {OUT / 'omics.png'}")
print(f"{time.perf_counter() - start:.0f} s")

# %%
# It prints
# ---------
# .. literalinclude:: /_static/examples/plot_omics.txt
#     :language: none
