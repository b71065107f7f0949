"""Subgroups of emoji by their name, without a picture of them in training."""

import numpy as np
from emoji import FEATURES
from tables import MEMORY, said, table

from sklearn_crossmodal import CrossModalAligner, MultiModalFrame, ZeroShotClassifier
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.metrics import seen_unseen_harmonic_mean


def zero_shot_section():
    """Return the lines of the section: subgroups of emoji that training did not have."""
    parts = [load_emoji(split=part) for part in ("train", "test")]
    X = MultiModalFrame.concat([part.data for part in parts])
    groups = np.concatenate([part.subgroup for part in parts])
    labels = np.unique(groups)
    rows, hits, harmonic = [], [], []
    for fold in range(3):
        new = np.random.default_rng(0).permutation(len(labels)) % 3 == fold
        unseen = np.isin(groups, labels[new])
        aligner = CrossModalAligner(
            FEATURES["efficientnet_lite0, minilm"], memory=MEMORY, random_state=0
        ).fit(X[~unseen])
        described = {label: label.replace("-", " ") for label in labels}
        alone = ZeroShotClassifier(aligner, {k: described[k] for k in labels[new]}).fit()
        right = alone.predict(X[unseen][["image"]]) == groups[unseen]
        hits.append(right)
        order = np.random.default_rng(fold).permutation(np.flatnonzero(~unseen))
        test = np.concatenate([order[: len(order) // 5], np.flatnonzero(unseen)])
        seen = set(labels[~new])
        for penalty in (0.0, 0.1, 0.2, 0.3):
            every = ZeroShotClassifier(aligner, described, seen_penalty=penalty)
            every.fit(X[order[len(order) // 5 :]][["image"]], groups[order[len(order) // 5 :]])
            predicted = every.predict(X[test][["image"]])
            harmonic.append(
                (penalty, seen_unseen_harmonic_mean(groups[test], predicted, seen=seen))
            )
        rows.append(
            [fold + 1, int(new.sum()), len(right), said([right.mean()]), f"{1 / new.sum():.3f}"]
        )
    right = np.concatenate(hits)
    draws = np.random.default_rng(0).choice(right, (2000, len(right))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    balanced = ", ".join(
        f"{np.mean([value for one, value in harmonic if one == penalty]):.3f} with {penalty}"
        for penalty in (0.0, 0.1, 0.2, 0.3)
    )
    head = ["third of the subgroups", "subgroups", "pictures", "accuracy", "chance"]
    return [
        "## Subgroups of emoji that training did not have, from the picture alone",
        "",
        "The aligner (efficientnet_lite0, minilm) is trained on pairs of two thirds of the 98",
        "subgroups; pictures of the others are told apart by the subgroups' names, as in "
        '"animal bird".',
        "",
        *table(head, rows),
        "",
        f"In all {right.mean():.3f}, 95 % interval {low:.3f} to {high:.3f} (bootstrap over",
        "pictures). Among all 98 subgroups, seen and new, the harmonic mean of both accuracies by",
        f"`seen_penalty`: {balanced} (seen pictures were pairs of the aligner's training).",
        "",
    ]
