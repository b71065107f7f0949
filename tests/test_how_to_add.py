"""The page on how to add a part names all files and entries: with these, each part trains."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import sklearn_crossmodal

PACKAGE = Path(sklearn_crossmodal.__file__).parent
PAGE = (PACKAGE.parent / "docs" / "how_to_add.rst").read_text()

#: The example of the page, as it stands there.
FUSION = textwrap.dedent(
    re.search(r"code-block:: python\n\n(.*?)\n(?=\S)", PAGE, flags=re.S).group(1)
)
ENCODER = '''
from torch import nn

from sklearn_crossmodal.nn._component import Component


class TanhEncoder(Component):
    """A layer of hyperbolic tangents."""

    kinds = frozenset({"vector"})

    def build(self, spec):
        return _Tanh(spec.size)


class _Tanh(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.linear = nn.Linear(size, 8)
        self.out_features = 8

    def forward(self, values, mask=None):
        return self.linear(values).tanh()
'''
CLASS_LOSS = '''
from torch import nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.losses._components import Loss
from sklearn_crossmodal.nn.losses._functions import cross_entropy


class CoolCrossEntropy(Component):
    """Cross-entropy of scores at twice their size."""

    kinds = frozenset({"codes"})

    @staticmethod
    def class_scores(scores):
        return 2 * scores

    def build(self):
        def loss(prediction, *rest, **named):
            return cross_entropy(2 * prediction, *rest, **named)

        return Loss(loss, lambda scores: (2 * scores).softmax(dim=-1), nll=loss)
'''
NUMBER_LOSS = '''
from torch import nn

from sklearn_crossmodal.nn._component import Component
from sklearn_crossmodal.nn.losses._components import Loss, identity
from sklearn_crossmodal.nn.losses._functions import squared_error


class HalvedError(Component):
    """Half the squared error."""

    kinds = frozenset({"vector"})

    def build(self):
        return Loss(lambda *args, **named: squared_error(*args, **named) / 2, identity)
'''
MODALITY = '''
import numpy as np

from sklearn_crossmodal.data import Columns
from sklearn_crossmodal.modalities._numeric import Numeric


class Percent(Numeric):
    """Texts such as "12 %", read as shares."""

    takes_strings = True

    def _read(self, columns, *, fitting=False):
        cells = np.asarray(Columns.of(columns).values, dtype=object)
        shares = [float(str(cell).rstrip(" %")) / 100 for cell in cells.ravel()]
        return super()._read(np.reshape(shares, cells.shape), fitting=fitting)

    @staticmethod
    def example(n, rng):
        return np.array([f"{one} %" for one in rng.integers(0, 100, n)], dtype=object)

    @classmethod
    def accepts(cls, values):
        cells = np.asarray(values)
        found = [str(cell).endswith("%") for cell in cells.ravel()]
        return cells.dtype.kind in "OUT" and bool(found) and all(found)
'''
COMPANION = '''
from sklearn.neighbors import KNeighborsClassifier

from sklearn_crossmodal.ensemble.companions._base import Companion


class NeighboursCompanion(Companion):
    """The vote of the nearest samples."""

    n_components = 5

    def classifier(self, spec):
        return KNeighborsClassifier()
'''
PRETRAINED = '''
from torch import nn

from sklearn_crossmodal.nn.pretrained._entry import PretrainedEntry


class Columns(nn.Module):
    """The mean of each column of an image."""

    def forward(self, images):
        return images.mean(dim=(1, 2))


COLUMNS = PretrainedEntry(
    source=Columns,
    modules=("torch",),
    packages=("torch",),
    width=6,
    licence="BSD-3-Clause",
    origin="https://example.org; not trained",
    size=6,
    mean=0.5,
    std=0.25,
)
'''
#: For each part: its family on the page, the file that is written, the registry, name and class.
PARTS = {
    "fusion": (FUSION, "nn/fusion/_product.py", "FUSIONS", "product", "ProductFusion"),
    "encoder": (ENCODER, "nn/encoders/_tanh.py", "ENCODERS", "tanh", "TanhEncoder"),
    "class loss": (CLASS_LOSS, "nn/losses/_cool.py", "LOSSES", "cool", "CoolCrossEntropy"),
    "number loss": (NUMBER_LOSS, "nn/losses/_halved.py", "LOSSES", "halved", "HalvedError"),
    "modality": (MODALITY, "modalities/_percent.py", "MODALITIES", "percent", "Percent"),
    "companion": (
        COMPANION,
        "ensemble/companions/_neighbours.py",
        "COMPANIONS",
        "neighbours",
        "NeighboursCompanion",
    ),
    "pretrained": (PRETRAINED, "nn/pretrained/_columns.py", "PRETRAINED", "columns", "COLUMNS"),
}
SCRIPT = """
import warnings

import numpy as np

from sklearn_crossmodal import AutoFusionClassifier, FusionClassifier, FusionRegressor, Image
from sklearn_crossmodal import MultiModalFrame, Numeric, infer_modalities

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
a, b = rng.normal(size=(2, 150, 3))
numbers = a[:, 0] + b[:, 0]
y = (numbers > 0).astype(int)
X = {"a": a, "b": b}
quick = {"n_folds": None, "max_epochs": 15, "learning_rate": 0.01, "random_state": 0}


def score(estimator, X, y):
    return estimator.fit(X, y).score(X, y)


assert score(FusionClassifier(fusion="product", **quick), X, y) > 0.9
assert score(FusionClassifier(fusion="product", **{**quick, "n_folds": 2}), X, y) > 0.9
tanh = [("a", Numeric(encoder="tanh"), "a"), ("b", Numeric(encoder="tanh"), "b")]
assert score(FusionClassifier(tanh, **quick), X, y) > 0.9
cool = FusionClassifier(loss="cool", **quick)
assert score(cool, X, y) > 0.9
odds = cool.predict_log_proba(X)
np.testing.assert_allclose(odds[:, 1] - odds[:, 0], cool.decision_function(X), atol=1e-9)
assert score(FusionRegressor(loss="halved", **quick), X, numbers) > 0.9
texts = np.array([f"{50 + 10 * one:.1f} %" for one in numbers], dtype=object)
found = infer_modalities(MultiModalFrame({"share": texts, "b": b}))
assert {name: type(kind).__name__ for name, kind, _ in found}["share"] == "Percent"
assert score(FusionClassifier(found, **quick), {"share": texts, "b": b}, y) > 0.9
images = rng.integers(0, 100, (150, 12, 12), dtype=np.uint8)
images[y == 1, :, 3:6] += 100
photo = [("photo", Image(encoder="columns"), "photo")]
assert score(FusionClassifier(photo, **quick), {"photo": images}, y) > 0.9
network = FusionClassifier(n_folds=None, max_epochs=2)
auto = AutoFusionClassifier(estimator=network, cv=2, random_state=0)
assert "neighbours" in set(auto.fit(X, y).leaderboard_["model"])
print("trained")
"""


def test_the_page_names_the_registries_and_folders():
    for _, file, registry, *_ in PARTS.values():
        folder = file.rpartition("/")[0]
        assert f"``{registry}``" in PAGE
        assert f"``{folder}/_mine.py``" in PAGE


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the package with one file and one entry for each part."""
    root = tmp_path_factory.mktemp("package")
    package = root / "sklearn_crossmodal"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for text, file, registry, name, kind in PARTS.values():
        (package / file).write_text(text.lstrip())
        module = ".".join(["sklearn_crossmodal", *file.removesuffix(".py").split("/")])
        init = package / file.rpartition("/")[0] / "__init__.py"
        before, entry, after = re.split(rf"^({registry}\b.* = \{{)$", init.read_text(), flags=re.M)
        entry = f'from {module} import {kind}\n{entry}\n    "{name}": {kind},'
        init.write_text(before + entry + after)
    return root


def test_each_part_trains_with_one_file_and_one_entry(extended):
    env = {**os.environ, "PYTHONPATH": str(extended), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=env,
        cwd=extended,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "trained", done.stderr[-3000:]
