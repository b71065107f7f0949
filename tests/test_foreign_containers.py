"""Containers of other libraries that are no table: refused at once, with what to pass instead."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from scipy import sparse

from sklearn_crossmodal import (
    AutoFusionClassifier,
    CrossModalGenerator,
    CrossModalRegressor,
    FusionClassifier,
    FusionRegressor,
    ModalityVectorizer,
    MultiModalAutoencoder,
    MultiModalFrame,
    MultiModalImputer,
    infer_modalities,
)
from sklearn_crossmodal.data import refuse_foreign
from sklearn_crossmodal.metrics import absence_curve

N = 12
NUMBERS = np.random.default_rng(0).normal(size=(N, 3))


class _Container:
    """What has attributes of a library's container, and must not be walked."""

    def __init__(self, *attributes):
        for name in attributes:
            setattr(self, name, name)

    def __len__(self):
        return N

    def __getitem__(self, key):
        raise AssertionError("a cell was looked at")

    def __iter__(self):
        raise AssertionError("the cells were walked")

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("it was made an array")


class _Images(torch.utils.data.Dataset):
    def __len__(self):
        return N

    def __getitem__(self, row):
        raise AssertionError("a sample was read")


class _Splits(dict):
    """As Hugging Face has them."""


def _dataset():
    return _Container("column_names", "features")


CONTAINERS = {
    "mudata": (_Container("mod", "obs_names"), r"MultiModalFrame\.from_mudata\(X\)"),
    "anndata": (_Container("obs", "var", "obs_names", "X"), r"X\.X, or X\.to_df\(\)"),
    "dataset": (_dataset(), r"MultiModalFrame\.from_dataset\(X\)"),
    "splits": (_Splits(train=_dataset()), r"MultiModalFrame\.from_dataset\(X\['train'\]\)"),
    "lazy frame": (pl.DataFrame(NUMBERS).lazy(), r"X\.collect\(\)"),
    "dask": (_Container("compute", "columns", "partitions"), r"X\.compute\(\)"),
    "xarray": (_Container("data_vars", "coords", "dims"), r"X\.to_dataframe\(\)"),
    "torch dataset": (_Images(), r"MultiModalFrame\(\{'image': numpy\.stack"),
    "loader": (torch.utils.data.DataLoader(_Images()), r"MultiModalFrame\(\{'image': images\}\)"),
    "batch": (
        pa.RecordBatch.from_pandas(pd.DataFrame({"a": [1.0]})),
        r"pyarrow\.Table\.from_batches\(\[X\]\)",
    ),
    "views": ([NUMBERS, NUMBERS[:, :1]], r"MultiModalFrame\.from_views\(X\)"),
    "views alike": ((NUMBERS, NUMBERS), r"MultiModalFrame\.from_views\(X\)"),
    "views of frames": ([pd.DataFrame(NUMBERS)] * 2, r"MultiModalFrame\.from_views\(X\)"),
    "views of sparse": ([sparse.csr_array(NUMBERS)] * 2, r"MultiModalFrame\.from_views\(X\)"),
    "views and images": ([np.ones((N, 4, 4)), NUMBERS], r"MultiModalFrame\(\{'a': X\[0\]"),
    "records": ([{"a": 1.0}, {"a": 2.0}], r"pandas\.DataFrame\(X\)"),
}
ESTIMATORS = [
    FusionClassifier,
    FusionRegressor,
    MultiModalAutoencoder,
    CrossModalRegressor,
    CrossModalGenerator,
    AutoFusionClassifier,
    ModalityVectorizer,
    MultiModalImputer,
]

over_containers = pytest.mark.parametrize(
    ("container", "remedy"), CONTAINERS.values(), ids=CONTAINERS.keys()
)


@over_containers
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_fit_names_what_to_pass(estimator, container, remedy):
    with pytest.raises(TypeError, match=remedy):
        estimator().fit(container, np.arange(N) % 2)


@over_containers
def test_inference_and_metrics_name_what_to_pass(container, remedy):
    with pytest.raises(TypeError, match=remedy):
        infer_modalities(container)
    model = FusionClassifier(max_epochs=1).fit(NUMBERS, np.arange(N) % 2)
    with pytest.raises(TypeError, match=remedy):
        absence_curve(model, container, np.arange(N) % 2)


@over_containers
def test_predict_names_what_to_pass(container, remedy):
    fitted = {
        "predict": FusionClassifier(max_epochs=1).fit(NUMBERS, np.arange(N) % 2),
        "impute": MultiModalAutoencoder(max_epochs=1).fit(NUMBERS),
        "transform": ModalityVectorizer().fit(NUMBERS),
    }
    for method, estimator in fitted.items():
        with pytest.raises(TypeError, match=f"{type(estimator).__name__}: .*{remedy}"):
            getattr(estimator, method)(container)


@pytest.mark.parametrize("name", ["mudata", "anndata", "dataset", "lazy frame", "torch dataset"])
def test_an_entry_of_a_mapping_is_refused_alike(name):
    with pytest.raises(TypeError, match=r"^X\['rna'\] is a"):
        MultiModalFrame({"rna": CONTAINERS[name][0]})


@pytest.mark.parametrize(
    "X",
    [
        NUMBERS,
        NUMBERS.tolist(),
        list(NUMBERS),
        tuple(map(tuple, NUMBERS)),
        pd.DataFrame(NUMBERS),
        pl.DataFrame(NUMBERS),
        sparse.csr_array(NUMBERS),
        sparse.dok_array(NUMBERS),
        torch.tensor(NUMBERS),
        {"a": NUMBERS},
        [[1.0, "a"], [2.0, "b"]],
        ["a", "b"],
        [],
        [np.ones((4, 4)), np.ones((5, 4))],
        None,
    ],
)
def test_rows_and_tables_stay_what_they_are(X):
    refuse_foreign(X)


def test_a_mudata_and_a_dataset_are_known_by_what_they_have():
    mudata, anndata = pytest.importorskip("mudata"), pytest.importorskip("anndata")
    rna = anndata.AnnData(NUMBERS)
    with pytest.raises(TypeError, match=r"MultiModalFrame\.from_mudata\(X\)"):
        infer_modalities(mudata.MuData({"rna": rna}))
    with pytest.raises(TypeError, match=r"X\.to_df\(\)"):
        infer_modalities(rna)


def test_datasets_of_hugging_face_are_known_by_what_they_have():
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"a": [1.0, 2.0]})
    for X in (rows, datasets.DatasetDict({"train": rows}), rows.to_iterable_dataset()):
        with pytest.raises(TypeError, match=r"MultiModalFrame\.from_dataset\("):
            infer_modalities(X)
