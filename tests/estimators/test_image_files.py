"""Estimators on image files: the numbers of the arrays in them, whatever is broken."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sklearn_crossmodal import (
    CrossModalRegressor,
    FusionClassifier,
    Image,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    infer_modalities,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.decoders import CNNDecoder
from sklearn_crossmodal.nn.encoders import CNNEncoder

Pillow = pytest.importorskip("PIL.Image")
N = 48
SETTINGS = {"max_epochs": 2, "batch_size": 8, "random_state": 0}


def image(**params):
    return Image(encoder=CNNEncoder((8,), width=8), decoder=CNNDecoder((8,)), **params)


def modalities(**params):
    return [("photo", image(**params), "photo"), ("table", Numeric(), "table")]


@pytest.fixture
def photos(rng):
    photos = rng.integers(0, 150, size=(N, 8, 8, 3), dtype=np.uint8)
    photos[::2] += 100
    return photos


@pytest.fixture
def table(rng):
    return rng.normal(size=(N, 2))


@pytest.fixture
def y():
    return np.arange(N) % 2


@pytest.fixture
def paths(photos, tmp_path):
    paths = [tmp_path / f"{row}.png" for row in range(N)]
    for path, photo in zip(paths, photos, strict=True):
        Pillow.fromarray(photo).save(path)
    return paths


def test_files_are_found_to_be_images(paths, table):
    names = [str(path) for path in paths]
    texts = [f"words {row}" for row in range(N)]
    found = infer_modalities(pd.DataFrame({"a": names, "b": table[:, 0], "c": texts}))
    assert [(name, type(one).__name__) for name, one, _ in found] == [
        ("a", "Image"),
        ("numeric", "Numeric"),
        ("c", "Text"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("n_rows", [N, 3 * N])  # the longer ones hold rows out
def test_predictions_from_files_are_those_from_the_arrays_in_them(
    paths, photos, table, y, keep, n_rows, tmp_path
):
    rows = np.arange(n_rows) % N
    np.save(tmp_path / "photos.npy", photos[rows])
    forms = {
        "arrays": photos[rows],
        "files": [paths[row] for row in rows],
        "memory map": np.load(tmp_path / "photos.npy", mmap_mode="r"),
    }
    answers = {}
    for name, cells in forms.items():
        X = MultiModalFrame({"photo": cells, "table": table[rows]})
        clf = FusionClassifier(modalities(keep=keep), **SETTINGS).fit(X, y[rows])
        answers[name] = clf.predict_proba(X)
    np.testing.assert_array_equal(answers["files"], answers["arrays"])
    np.testing.assert_array_equal(answers["memory map"], answers["arrays"])


def test_files_that_cannot_be_read_are_absent_at_fit_and_predict(paths, photos, table, y):
    paths[3].unlink()
    paths[5].write_bytes(b"no image")
    X = MultiModalFrame({"photo": paths, "table": table})
    present = ~np.isin(np.arange(N), [3, 5])
    arrays = MultiModalFrame({"photo": photos, "table": table}, present={"photo": present})
    expected = FusionClassifier(modalities(), **SETTINGS).fit(arrays, y)
    clf = FusionClassifier(modalities(keep=False), **SETTINGS)
    with pytest.warns(
        UserWarning, match=r"2 of 48 images cannot be read.*3\.png.*absent"
    ) as caught:
        clf.fit(X, y)
    assert len(caught) == 1
    with pytest.warns(UserWarning, match="2 of 48 images cannot be read"):
        np.testing.assert_array_equal(clf.predict_proba(X), expected.predict_proba(arrays))
    with pytest.warns(UserWarning, match="1 of 1 images cannot be read"):
        assert clf.predict(X[[3]]).shape == (1,)


def test_a_sample_of_which_nothing_can_be_read_is_refused_with_its_file(paths, table, y):
    paths[3].write_bytes(b"no image")
    X = MultiModalFrame({"photo": paths})
    clf = FusionClassifier([("photo", image(), "photo")], **SETTINGS)
    with (
        pytest.warns(UserWarning, match="1 of 48 images cannot be read"),
        pytest.raises(
            ModalityError, match=r"1 samples .*first rows \[3\], with \['.*3\.png'\] that"
        ),
    ):
        clf.fit(X, y)
    clf.fit(X[4:], y[4:])
    with (
        pytest.warns(UserWarning, match="1 of 4 images cannot be read"),
        pytest.raises(ModalityError, match=r"first rows \[3\], with \['.*3\.png'\] that"),
    ):
        clf.predict(X[:4])


def test_broken_files_are_an_error_that_names_modality_and_file_if_so_asked(paths, table, y):
    paths[3].unlink()
    X = MultiModalFrame({"photo": paths, "table": table})
    clf = FusionClassifier(modalities(on_error="raise"), **SETTINGS)
    with pytest.raises(ValueError, match=r"FusionClassifier: modality 'photo'.*3\.png"):
        clf.fit(X, y)


def test_a_file_that_vanishes_in_mid_training_ends_nothing(paths, table, y):
    from skorch.callbacks import Callback

    class Thief(Callback):
        def on_epoch_end(self, net, **kwargs):
            paths[7].unlink(missing_ok=True)

    X = MultiModalFrame({"photo": paths, "table": table})
    clf = FusionClassifier(modalities(keep=False), callbacks=[Thief()], **SETTINGS)
    with pytest.warns(UserWarning, match=r"cannot be any more.*7\.png.*zeros"):
        clf.fit(X, y)
    assert clf.n_iter_ == 2


def test_the_same_numbers_come_out_of_the_threads_each_time(paths, table, y):
    X = MultiModalFrame({"photo": paths, "table": table})
    clf = FusionClassifier(modalities(keep=False), **SETTINGS)
    first, second = (clone(clf).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_files_go_through_cross_validation_and_a_cache(paths, table, y, tmp_path):
    X = pd.DataFrame({"photo": paths, "table": table[:, 0]})
    clf = FusionClassifier(modalities(), memory=str(tmp_path / "cache"), **SETTINGS)
    scores = [cross_val_score(clf, X, y, cv=2, error_score="raise") for _ in range(2)]
    np.testing.assert_array_equal(*scores)


def test_an_autoencoder_reconstructs_and_scores_files_but_does_not_impute_them(
    paths, photos, table
):
    cells = [*paths[:-1], None]
    X = MultiModalFrame({"photo": cells, "table": table})
    autoencoder = MultiModalAutoencoder(modalities(keep=False), n_components=2, **SETTINGS).fit(X)
    arrays = MultiModalFrame(
        {"photo": photos, "table": table}, present={"photo": np.arange(N) < 47}
    )
    expected = MultiModalAutoencoder(modalities(), n_components=2, **SETTINGS).fit(arrays)
    np.testing.assert_array_equal(autoencoder.score_samples(X), expected.score_samples(arrays))
    back = autoencoder.reconstruct(X)["photo"]
    assert back.shape == photos.shape
    assert back.dtype == np.uint8
    message = "'photo' is absent in some samples, and Image cannot be decoded into the form"
    with pytest.raises(ModalityError, match=message):
        autoencoder.impute(X)
    np.testing.assert_array_equal(expected.impute(arrays)["photo"][-1], back[-1])


def test_images_are_predicted_from_files_as_from_arrays(paths, photos, table):
    X = MultiModalFrame({"table": table})
    fitted = [
        CrossModalRegressor([("table", Numeric(), "table")], target=image(), **SETTINGS).fit(X, y)
        for y in (paths, photos)
    ]
    np.testing.assert_array_equal(*(one.predict(X) for one in fitted))
    assert fitted[0].predict(X).dtype == np.uint8
    assert fitted[0].score(X, paths) == fitted[1].score(X, photos)
    paths[3].unlink()
    with (
        pytest.warns(UserWarning, match="1 of 48 images cannot be read"),
        pytest.raises(ModalityError, match=r"target: 1 samples have a y .*first rows \[3\]"),
    ):
        fitted[0].score(X, paths)


def test_files_that_cannot_be_read_are_not_imputed_and_other_gaps_beside_files_are(
    paths, photos, table
):
    X = MultiModalFrame({"photo": paths, "table": table})
    autoencoder = MultiModalAutoencoder(modalities(), n_components=2, **SETTINGS).fit(X)
    gaps = np.where(np.arange(N)[:, np.newaxis] == 5, np.nan, table)
    filled = autoencoder.impute(MultiModalFrame({"photo": paths, "table": gaps}))
    assert [*filled["photo"]] == paths
    assert np.isfinite(filled["table"]).all()
    paths[3].write_bytes(b"no image")
    with (
        pytest.warns(UserWarning, match="1 of 48 images cannot be read"),
        pytest.raises(ModalityError, match="'photo' is absent in some samples"),
    ):
        autoencoder.impute(X)


def test_long_reading_is_shown_where_verbose_asks_for_it(paths, y, capsys):
    many = 6 * paths
    X, y = MultiModalFrame({"photo": many}), np.arange(len(many)) % 2
    for verbose, shown in [(0, False), (1, True)]:
        clf = FusionClassifier([("photo", image(), "photo")], verbose=verbose, **SETTINGS)
        clf.fit(X, y)
        assert ("reading images" in capsys.readouterr().err) == shown


def test_large_rows_are_predicted_in_small_batches_with_the_same_answers(paths, y, monkeypatch):
    X = MultiModalFrame({"photo": paths})
    clf = FusionClassifier([("photo", image(keep=False), "photo")], **SETTINGS).fit(X, y)
    expected, sizes = clf.predict_proba(X), []
    monkeypatch.setattr(
        "sklearn_crossmodal.training._inference.PREDICT_BATCH_NUMBERS", 8 * 8 * 3 * 10
    )
    hook = clf.network_.register_forward_hook(
        lambda module, args, kwargs, out: sizes.append(len(next(iter(kwargs["values"].values())))),
        with_kwargs=True,
    )
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)
    hook.remove()
    assert sizes == [10, 10, 10, 10, 8]
