"""Objectives that are compared, and how their scores are written."""

import os
from pathlib import Path

import numpy as np

__all__ = ["DATA", "LABELLED", "MEMORY", "SEEDS", "UNLABELLED", "said", "table", "vectors"]

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SKLEARN_CROSSMODAL_DATA", ROOT.parent / "shared" / "data"))
#: Folder of embeddings by frozen encoders, row by row; None makes them anew.
MEMORY = os.environ.get("SKLEARN_CROSSMODAL_CACHE")
SEEDS = [0, 1, 2]
#: Names of rows, parameters, and whether classes are given.
UNLABELLED = {
    "linear, λ = .1": {"kernel": "linear", "shrinkage": 0.1},
    "`cca`": {},
    "`infonce`": {"objective": "infonce"},
    "`siglip`": {"objective": "siglip"},
    "`vicreg`": {"objective": "vicreg"},
}
LABELLED = {
    "`semantic`": {"objective": "semantic"},
    "`supcon`": {"objective": "supcon"},
    "`infonce`": {"objective": "infonce"},
    "`vicreg`": {"objective": "vicreg"},
}


def said(values, digits=3):
    """Return mean and standard deviation in words; of one value it alone."""
    text = f"{np.mean(values):.{digits}f}"
    return text if len(values) == 1 else f"{text} ± {np.std(values):.{digits}f}"


def table(head, rows):
    """Return the lines of a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(map(str, line)) + " |" for line in lines]


def vectors(aligner, X, names, share=None):
    """Return the vectors of two modalities, with another share of the closed form than half."""
    if share is not None:
        aligner.set_params(closed_form_weight=share)
    found = [aligner.embed(X, modality=name) for name in names]
    aligner.set_params(closed_form_weight=0.5)
    return found
