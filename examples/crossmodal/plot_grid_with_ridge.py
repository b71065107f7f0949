"""
A network beside ridge regression and CCA
=========================================

Is a network worth it? One grid search decides: the same pipeline, whose last step is ridge
regression in some candidates and a network in others, judged on the same folds. Beside them stands
regularised multi-set CCA, the linear model of several views, by cca-zoo (``pip install cca-zoo``;
without it that part is left out).

The lower halves of handwritten digits are predicted from the upper halves, which come as two
modalities, left and right. Everything is seeded. The script prints a table and writes a picture to
``demo/``; it takes about a minute on two cores.
"""

# %%
# The data
# --------
# 8 x 8 pixels from 0 to 16. The quarters above are known, the half below is predicted.
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_crossmodal import CrossModalRegressor, ModalityVectorizer, MultiModalFrame, Numeric

OUT = Path("demo")
OUT.mkdir(exist_ok=True)

pictures = load_digits().images
order = np.random.default_rng(0).permutation(len(pictures))
pictures = pictures[order]
above, below = pictures[:, :4], pictures[:, 4:].reshape(len(pictures), -1)
X = MultiModalFrame(
    {"left": above[:, :, :4].reshape(-1, 16), "right": above[:, :, 4:].reshape(-1, 16)}
)
train, test = slice(0, 600), slice(600, None)

# %%
# One grid
# --------
# `ModalityVectorizer` makes a table of the modalities for ridge regression. The network takes them
# as they are: there the first step is passed by. R² is of all pixels together, since some hardly
# ever vary.
numbers = [(name, Numeric(scaling="standard"), name) for name in X]
pipeline = Pipeline([("table", ModalityVectorizer(numbers)), ("model", Ridge())])
network = CrossModalRegressor(numbers, n_folds=None, max_epochs=60, random_state=0)
grid = [
    {"model__alpha": [1.0, 10.0, 100.0]},
    {"table": ["passthrough"], "model": [network], "model__fusion": ["concat", "mean"]},
]
explained = partial(r2_score, multioutput="variance_weighted")
search = GridSearchCV(
    pipeline, grid, scoring=make_scorer(explained), cv=3, error_score="raise"
).fit(X[train], below[train])

found = search.cv_results_
labels = [
    f"ridge, alpha={params['model__alpha']:g}"
    if "model__alpha" in params
    else f"network, {params['model__fusion']} fusion"
    for params in found["params"]
]
print(f"{'candidate':<26} R² in cross-validation")
for label, mean, std in zip(labels, found["mean_test_score"], found["std_test_score"], strict=True):
    print(f"{label:<26} {mean:.3f} ± {std:.3f}")

# %%
# On pictures that none of them has seen
# --------------------------------------
best_ridge = max(
    (place for place, label in enumerate(labels) if "ridge" in label),
    key=lambda place: found["mean_test_score"][place],
)
ridge = pipeline.set_params(**found["params"][best_ridge]).fit(X[train], below[train])
predictions = {
    "ridge": ridge.predict(X[test]),
    "best of the grid": search.predict(X[test]),
}

# %%
# Multi-set CCA finds what all three parts share, and reconstructs the one that is missing. How many
# components, and how much it is shrunk, is chosen on the last third of the training rows.
try:
    from cca_zoo.linear import MCCA
except ImportError:
    print("cca-zoo is not installed: its part is left out.")
else:
    views = [X["left"], X["right"], below]

    def completed(rows, new_rows, n_components, shrinkage):
        """Return the lower halves that CCA, fitted on some rows, gives to others."""
        model = MCCA(n_components=n_components, shrinkage=shrinkage)
        model.fit([view[rows] for view in views])
        return model.predict([views[0][new_rows], views[1][new_rows], None])[2]

    some, others = slice(0, 400), slice(400, 600)
    candidates = [(n, shrinkage) for n in (2, 4, 8, 12) for shrinkage in (0.01, 0.1, 0.5)]
    chosen = max(
        candidates, key=lambda one: explained(below[others], completed(some, others, *one))
    )
    predictions["multi-set CCA"] = completed(train, test, *chosen)

scores = {name: explained(below[test], given) for name, given in predictions.items()}
for name, score in scores.items():
    print(f"{name:<26} {score:.3f} on {len(below[test])} new pictures")

# %%
# The halves that each model adds, under the halves that were given
# -----------------------------------------------------------------
shown = 12
rows = [("truth", below[test]), *predictions.items()]
fig, axes = plt.subplots(len(rows), shown, figsize=(12, 1.25 * len(rows)), layout="constrained")
for row, (name, given) in zip(axes, rows, strict=True):
    for ax, top, half in zip(row, above[test], given, strict=False):
        ax.imshow(np.vstack([top, half.reshape(4, 8)]), cmap="gray_r", vmin=0, vmax=16)
        ax.axhline(3.5, color="tab:red", linewidth=1)
        ax.set(xticks=[], yticks=[])
    score = f"\nR² {scores[name]:.2f}" if name in scores else ""
    row[0].set_ylabel(name + score, rotation=0, ha="right", va="center")
fig.suptitle("Lower halves of digits, predicted from the upper quarters")
fig.savefig(OUT / "grid_with_ridge.png", dpi=120)
