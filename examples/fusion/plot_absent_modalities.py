"""
Predictions when modalities are absent
======================================

A patient without a scan, a product without a photo: what does a model that was trained on complete
samples make of incomplete ones? Four modalities hold together what each holds in part. They are
hidden at random, more and more of them, and three networks predict: the default, which blends the
fusion with the heads of the modalities that are there; one without these heads; and one that never
saw a modality hidden in training. Beside them stands logistic regression on all columns, with the
mean in place of what is absent, which is what one would do in five minutes.

Then an automatic fusion measures whether fusing helped at all, with a standard error.

The script writes two pictures to ``demo/`` and takes about a minute on two cores.
"""

# %%
# The data
# --------
# Each modality shows a factor that all have in common and one of its own, with noise.
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal import AutoFusionClassifier, FusionClassifier
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.metrics import absence_curve

OUT = Path("demo")
OUT.mkdir(exist_ok=True)

X, y = make_multimodal_classification(
    2600, n_modalities=4, n_classes=4, class_sep=1.2, random_state=0
)
X_train, y_train, X_test, y_test = X[:600], y[:600], X[600:], y[600:]
places = np.cumsum([0, *(X[name].shape[1] for name in X)])
columns = {name: slice(*places[k : k + 2]) for k, name in enumerate(X)}  # of the same, side by side

# %%
# Three networks and a table
# --------------------------
models = {
    "FusionClassifier()": FusionClassifier(random_state=0),
    "without auxiliary heads": FusionClassifier(auxiliary_weight=0, random_state=0),
    "without heads and modality dropout": FusionClassifier(
        auxiliary_weight=0, modality_dropout=0, random_state=0
    ),
}
shares = np.linspace(0, 0.75, 6)
curve_of = partial(absence_curve, shares=shares, n_repeats=1, random_state=0)
curves = {}
for name, model in models.items():
    model.fit(X_train, y_train)
    curves[name] = curve_of(model, X_test, y_test).mean
table = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=1000))
table.fit(np.hstack([X_train[name] for name in X]), y_train)
table_test = np.hstack([X_test[name] for name in X])
curves["logistic regression, mean imputation"] = curve_of(
    table, table_test, y_test, modalities=columns
).mean

print(f"{'share absent':>39s}" + "".join(f"{share:7.2f}" for share in shares))
for name, curve in curves.items():
    print(f"{name:>39s}" + "".join(f"{score:7.3f}" for score in curve))

figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
for name, curve in curves.items():
    axis.plot(shares, curve, marker="o", label=name)
axis.set(
    xlabel="share of modalities absent", ylabel="accuracy", title="Four models, each fitted once"
)
axis.legend()
figure.savefig(OUT / "absent_modalities.png", dpi=120)

# %%
# Did fusing help?
# ----------------
# The leaderboard scores out-of-fold predictions, on the training rows alone.
auto = AutoFusionClassifier(random_state=0).fit(X_train, y_train)
board = auto.leaderboard_
for name, score, weight in zip(board["model"], board["score"], board["weight"], strict=True):
    share = "" if name == "fused" else f"  weight {weight:.2f}"  # that of the fusion is of no model
    print(f"{name:>20s}  score {score:.3f}{share}")
print(auto.fusion_gain_.summary)
print(f"on new rows {auto.score(X_test, y_test):.3f}")

figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
places = np.arange(len(board["model"]))[::-1]
axis.errorbar(board["score"], places, xerr=board["standard_error"], fmt="o")
axis.set_yticks(places, board["model"])
axis.set(xlabel="accuracy of out-of-fold predictions", title="Base models of the automatic fusion")
figure.savefig(OUT / "leaderboard.png", dpi=120)
