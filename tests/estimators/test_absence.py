"""Any sample may lack any modality; what stands in the cells of an absent one changes nothing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_score

from sklearn_crossmodal import FusionClassifier, Image, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.nn.fusion import FUSIONS
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
N = 40


@pytest.fixture(scope="module")
def present():
    """Return which samples have which modality: half of the cells, one at least."""
    rng = np.random.default_rng(0)
    flags = rng.random((N, 3)) < 0.5
    flags[~flags.any(axis=1), 0] = True
    return dict(zip(["table", "words", "photo"], flags.T, strict=True))


def fill(X, present, how):
    """Return X with the cells of absent modalities filled in some way."""
    noise = np.random.default_rng(7)
    fillers = {
        "noise": {
            "table": 1e6 * noise.normal(size=X["table"].shape),
            "words": np.array(["never seen these words"] * N, dtype=object),
            "photo": noise.integers(0, 256, X["photo"].shape).astype(float),
        },
        "zeros": {
            "table": np.zeros(X["table"].shape),
            "words": np.array([""] * N, dtype=object),
            "photo": np.zeros(X["photo"].shape),
        },
        "nothing": {
            "table": np.full(X["table"].shape, np.nan),
            "words": np.array([None] * N, dtype=object),
            "photo": np.full(X["photo"].shape, np.nan),
        },
    }[how]
    filled = {}
    for name, filler in fillers.items():
        values = X[name] if name == "words" else X[name].astype(float)
        flags = present[name].reshape(-1, *[1] * (values.ndim - 1))
        filled[name] = np.where(flags, values, filler)
    # Where the cells say it themselves nobody need state it.
    return MultiModalFrame(filled, present=None if how == "nothing" else present)


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_cells_of_absent_modality_change_nothing(name, fusion, X, targets, present, make, numbers):
    fitted = [
        make(name, fusion=fusion, max_epochs=1).fit(fill(X, present, how), targets[name])
        for how in ("nothing", "noise")
    ]
    expected = numbers(fitted[0], fill(X, present, "nothing"))
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(numbers(fitted[1], fill(X, present, "nothing")), expected)
    for how in ("zeros", "noise"):
        np.testing.assert_array_equal(numbers(fitted[0], fill(X, present, how)), expected)
    assert not np.array_equal(numbers(fitted[0], X), expected)  # what is present does count


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("encoder", ["lstm", "gru", "attention"])
def test_cells_of_absent_text_change_nothing_for_any_encoder(
    name, encoder, X, targets, present, make, numbers
):
    modalities = [("table", Numeric(), "table"), ("words", Text(encoder=encoder), "words")]
    present = {**present, "table": present["table"] | ~present["words"]}
    frames = [fill(X, present, how)[["table", "words"]] for how in ("nothing", "noise")]
    answers = [
        numbers(make(name, modalities=modalities).fit(frame, targets[name]), frame)
        for frame in frames
    ]
    assert np.isfinite(answers[0]).all()
    np.testing.assert_array_equal(*answers)


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("gone", ["table", "words", "photo"])
def test_modality_missing_from_the_frame_is_absent_in_all(name, gone, X, targets, make, numbers):
    fitted = make(name).fit(X, targets[name])
    left = X[[column for column in X if column != gone]]
    absent = MultiModalFrame(dict(X), present={gone: np.zeros(N, dtype=bool)})
    answers = numbers(fitted, left)
    np.testing.assert_array_equal(answers, numbers(fitted, absent))
    assert not np.array_equal(answers, numbers(fitted, X))


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_sample_answers_the_same_whatever_others_lack(
    name, fusion, X, targets, present, make, numbers
):
    fitted = make(name, fusion=fusion, max_epochs=1).fit(X, targets[name])
    whole = {flag: np.ones(N, dtype=bool) for flag in present}
    first = {flag: values.copy() for flag, values in present.items()}
    for flag in first:
        first[flag][: N // 2] = whole[flag][: N // 2]
    answers = numbers(fitted, MultiModalFrame(dict(X), present=first))
    np.testing.assert_allclose(answers[: N // 2], numbers(fitted, X)[: N // 2], rtol=1e-9)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_present_modality_says_nothing_of_an_absent_one(name, X, targets, make, numbers):
    """Where all samples lack a modality in `fit`, but for one, others are not disturbed."""
    flags = np.arange(N) == 3
    frame = MultiModalFrame(dict(X), present={"photo": flags})
    fitted = make(name, max_epochs=2).fit(frame, targets[name])
    assert np.isfinite(numbers(fitted, X)).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_missing_number_of_a_present_modality_is_no_absence(name, X, targets, make, numbers):
    fitted = make(name).fit(X, targets[name])
    one_missing, absent = X["table"].copy(), X["table"].copy()
    one_missing[0, 0] = absent[0] = np.nan
    answers = [
        numbers(fitted, MultiModalFrame({**dict(X), "table": table}))[0]
        for table in (one_missing, absent)
    ]
    assert not np.array_equal(*answers)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sole_modality_is_never_absent(name, X, targets, make, numbers):
    table = X["table"].copy()
    table[3] = np.nan
    fitted = make(name, modalities=None).fit(table, targets[name])
    assert np.isfinite(numbers(fitted, table)).all()


@pytest.mark.covering
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_every_way_to_write_absence_is_the_same(name, missing, X, targets, make, numbers):
    words = X["words"].copy()
    words[::2] = missing
    said = MultiModalFrame(dict(X), present={"words": np.arange(N) % 2 == 1})
    written = MultiModalFrame({**dict(X), "words": words})
    answers = [
        numbers(make(name, max_epochs=2).fit(frame, targets[name]), frame)
        for frame in (said, written)
    ]
    np.testing.assert_array_equal(*answers)


def test_absent_rows_of_a_data_frame_are_found(X, targets, make):
    frame = pd.DataFrame({"age": X["table"][:, 0], "wage": X["table"][:, 2], "review": X["words"]})
    frame.loc[:9, ["age", "wage"]] = np.nan
    frame.loc[10:19, "review"] = None
    modalities = [("table", Numeric(), ["age", "wage"]), ("words", Text(), "review")]
    clf = make("FusionClassifier", modalities=modalities).fit(frame, targets["FusionClassifier"])
    spoilt = MultiModalFrame(
        {"age": frame["age"].fillna(7), "wage": frame["wage"].fillna(-7), "review": X["words"]},
        present={
            "age": np.arange(N) > 9,
            "wage": np.arange(N) > 9,
            "review": (np.arange(N) < 10) | (np.arange(N) > 19),
        },
    )
    np.testing.assert_array_equal(clf.predict_proba(frame), clf.predict_proba(spoilt))


@pytest.mark.slow
def test_training_works_with_half_of_the_modalities_absent():
    X, y = make_multimodal_classification(
        300, unique=0, missing_rate=0.5, class_sep=3.0, random_state=0
    )
    fitted = FusionClassifier(max_epochs=20, random_state=0).fit(X[:200], y[:200])
    assert fitted.score(X[200:], y[200:]) > 0.8


@pytest.mark.parametrize("fusion", FUSIONS)
def test_each_fusion_learns_with_modalities_absent(fusion):
    X, y = make_multimodal_classification(
        60, n_features=3, unique=0, missing_rate=0.4, class_sep=5.0, random_state=0
    )
    fitted = FusionClassifier(
        fusion=fusion, max_epochs=25, learning_rate=0.015, random_state=0
    ).fit(X, y)
    assert fitted.score(X, y) > 0.85


def test_absent_image_in_a_column_of_objects_changes_nothing(X, targets, make):
    images = np.empty(N, dtype=object)
    images[:] = list(X["photo"])
    images[5:9] = None
    frame = MultiModalFrame({"words": X["words"], "photo": images})
    modalities = [("words", Text(), "words"), ("photo", Image(), "photo")]
    clf = make("FusionClassifier", modalities=modalities).fit(frame, targets["FusionClassifier"])
    stated = MultiModalFrame(
        {"words": X["words"], "photo": X["photo"]},
        present={"photo": (np.arange(N) < 5) | (np.arange(N) > 8)},
    )
    np.testing.assert_array_equal(clf.predict_proba(frame), clf.predict_proba(stated))


# A modality that no sample has in `fit` ---------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_modality_absent_in_all_samples_is_left_out_with_a_warning(name, X, targets, make, numbers):
    without = MultiModalFrame({**dict(X), "words": np.full(N, None)})
    message = f"{name}: modality 'words': it is absent in all samples, and left out of this fit"
    with pytest.warns(UserWarning, match=message):
        fitted = make(name).fit(without, targets[name])
    assert [entry[0] for entry in fitted.modalities_] == ["table", "photo"]
    assert list(fitted.network_.encoders) == ["table", "photo"]
    assert "words" in fitted.get_params()  # what the user listed stays
    np.testing.assert_array_equal(numbers(fitted, X), numbers(fitted, without))
    np.testing.assert_array_equal(numbers(fitted, X), numbers(fitted, X[["table", "photo"]]))
    with pytest.raises(ValueError, match=r"40 samples have none of the modalities \['table', 'ph"):
        numbers(fitted, X[["words"]])
    answers = numbers(fitted, X)
    with pytest.warns(UserWarning, match=f"{name}: modality 'words': .* stays left out"):
        fitted.partial_fit(X, targets[name])  # the modalities are those of the first call
    assert list(fitted.network_.encoders) == ["table", "photo"]
    assert not np.array_equal(numbers(fitted, X), answers)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_any_fusion_does_without_a_modality_that_was_left_out(fusion, X, targets, make):
    without = MultiModalFrame(dict(X), present={"photo": np.zeros(N, dtype=bool)})
    clf = make("FusionClassifier", fusion=fusion)
    with pytest.warns(UserWarning, match="modality 'photo': it is absent in all samples"):
        clf.fit(without, targets["FusionClassifier"])
    assert clf.transform(X).shape == (N, len(clf.get_feature_names_out()))


@pytest.mark.filterwarnings("ignore:.*modality 'review'.*left out of this fit:UserWarning")
@pytest.mark.parametrize("form", ["frame", "MultiModalFrame"])
def test_modality_of_a_few_rows_breaks_no_fold(form, X, targets):
    review = np.full(N, None)
    review[:2] = "a rare text"  # all in the first fold
    columns = {"age": X["table"][:, 0], "wage": X["table"][:, 2], "review": review}
    data = pd.DataFrame(columns) if form == "frame" else MultiModalFrame(columns)
    clf = FusionClassifier(max_epochs=1, random_state=0)
    scores = cross_val_score(clf, data, targets["FusionClassifier"], cv=4, error_score="raise")
    assert np.isfinite(scores).all()
