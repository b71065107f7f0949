"""The same space, neighbours and errors for every container, name and label."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from sklearn_crossmodal import (
    CrossModalAligner,
    CrossModalRetriever,
    Image,
    ModalityVectorizer,
    MultiModalFrame,
    Numeric,
    Text,
    ZeroShotClassifier,
    align_or_predict,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.metrics import retrieval_score

N = 120
QUICK = {"kernel": "linear", "shrinkage": 0.1, "random_state": 0}


def tables(seed=0, n=N):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 3))
    maps = [np.random.default_rng(k).normal(size=(3, width)) for k, width in enumerate((5, 4))]
    a, b = (factors @ one + 0.1 * rng.normal(size=(n, one.shape[1])) for one in maps)
    words = np.array(["low", "high"], dtype=object)[(factors[:, 0] > 0).astype(int)]
    return a, b, np.array([f"it is {word}" for word in words], dtype=object), words


A, B, TEXTS, WORDS = tables()


# Labels of galleries -----------------------------------------------------------------------


def test_labels_are_those_of_aligned_data_frames():
    order = np.random.default_rng(0).permutation(N)
    first = pd.DataFrame(A).add_prefix("a")
    second = pd.DataFrame(B).add_prefix("b")
    aligner = CrossModalAligner(**QUICK).fit({"a": first, "b": second})
    named = second.set_axis([f"row {k}" for k in range(N)])
    shuffled = {"a": first.set_axis(named.index).iloc[order], "b": named}
    for gallery in (shuffled, MultiModalFrame(shuffled), {"a": first, "b": named}):
        retriever = CrossModalRetriever(aligner).fit(gallery)
        found = retriever.kneighbors({"a": first}, 1, False, target="a", return_labels=True)
        assert found.ravel().tolist() == named.index.tolist()


def test_a_part_without_labels_leaves_none():
    first = pd.DataFrame(A).add_prefix("a").set_axis([f"row {k}" for k in range(N)])
    aligner = CrossModalAligner(**QUICK).fit({"a": first, "b": B})
    retriever = CrossModalRetriever(aligner).fit({"a": first}).partial_fit({"b": B})
    with pytest.raises(ValueError, match="a part of it that was added has none"):
        retriever.kneighbors({"b": B[:2]}, return_labels=True)


# A retriever stays what it was --------------------------------------------------------------


def test_what_happens_to_the_aligner_does_not_reach_a_gallery():
    frame = MultiModalFrame({"a": A, "b": B})
    aligner = CrossModalAligner(objective="vicreg", max_epochs=3, **QUICK).fit(frame)
    retriever = CrossModalRetriever(aligner).fit(frame[["b"]])
    expected = retriever.kneighbors(frame[["a"]], 3)
    aligner.set_params(closed_form_weight=0.0)
    np.testing.assert_array_equal(retriever.kneighbors(frame[["a"]], 3)[0], expected[0])
    aligner.fit(frame[:60])
    np.testing.assert_array_equal(retriever.kneighbors(frame[["a"]], 3)[1], expected[1])
    for wrong in (2, -0.1):
        with pytest.raises(ValueError, match="closed_form_weight"):
            aligner.set_params(closed_form_weight=wrong).transform(frame)


def test_an_addition_that_fails_leaves_the_gallery_as_it_was():
    frame = MultiModalFrame({"a": A, "b": B})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    retriever = CrossModalRetriever(aligner).fit(frame[["b"]])
    with pytest.raises(ValueError, match="modality 'b'"):
        retriever.partial_fit({"b": B[:, :2]})
    assert retriever.n_samples_fit_ == N
    assert retriever.kneighbors(frame[["a"]], 2, False).shape == (N, 2)


@pytest.mark.parametrize("algorithm", ["hnswlib", "faiss"])
def test_graphs_that_end_too_early_are_searched_exactly(algorithm):
    pytest.importorskip(algorithm)
    frame = MultiModalFrame({"a": A, "b": B})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    doubles = MultiModalFrame({"b": np.repeat(B[:2], 200, axis=0)})
    retriever = CrossModalRetriever(aligner, algorithm=algorithm).fit(doubles)
    distances, found = retriever.kneighbors(frame[:5][["a"]], 400)
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(400), (5, 1)))
    assert distances.max() <= 2 + 1e-6


def test_an_item_alone_in_its_modality_is_found_by_its_copy():
    frame = MultiModalFrame({"a": A, "b": B})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    mixed = MultiModalFrame(
        {"a": A, "b": B}, present={"a": np.arange(N) < N - 1, "b": np.arange(N) == N - 1}
    )
    retriever = CrossModalRetriever(aligner).fit(mixed)
    found = retriever.kneighbors(frame[["b"]][N - 1 :], 10, False)
    assert N - 1 in found[0]


# Refits ------------------------------------------------------------------------------------


def test_a_refit_leaves_nothing_of_another_objective():
    frame = MultiModalFrame({"a": A, "b": B})
    aligner = CrossModalAligner(objective="supcon", max_epochs=2, **QUICK).fit(frame, WORDS)
    assert aligner.classes_.tolist() == ["high", "low"]
    aligner.set_params(objective="cca").fit(frame)
    for name in ("classes_", "net_", "history_", "n_iter_"):
        assert not hasattr(aligner, name)
    aligner.set_params(objective="semantic").fit(frame, WORDS)
    for name in ("kernel_", "shrinkage_", "correlations_"):
        assert not hasattr(aligner, name)
    with pytest.raises(ValueError, match="pass y"):
        aligner.fit(frame)
    assert aligner.transform(frame).shape[0] == N  # a fit that fails changes nothing


@pytest.mark.parametrize("objective", ["semantic", "supcon"])
def test_classes_are_those_of_samples_that_count(objective):
    frame = MultiModalFrame({"a": A, "b": B})
    y = np.r_[np.zeros(40, int), np.ones(40, int), np.full(40, 2)]
    params = {"objective": objective, "max_epochs": 2, **QUICK}
    for gone in range(3):
        aligner = CrossModalAligner(**params).fit(frame, y, sample_weight=(y != gone).astype(float))
        assert aligner.classes_.tolist() == [k for k in range(3) if k != gone]
        assert np.isfinite(aligner.transform(frame)).all()
    with pytest.raises(ValueError, match="needs two classes at least"):
        CrossModalAligner(**params).fit(frame, np.zeros(N))


# Weights and duplicates ---------------------------------------------------------------------


def test_weights_reach_choice_and_translation():
    rng = np.random.default_rng(1)
    frame = MultiModalFrame({"a": A, "b": B})
    wrong = MultiModalFrame({"a": 5 + A, "b": 50 + rng.normal(size=B.shape)})
    both = MultiModalFrame.concat([frame, wrong])
    weight = np.r_[np.ones(N), np.full(N, 1e-6)]
    weighted = CrossModalAligner(random_state=0).fit(both, sample_weight=weight)
    alone = CrossModalAligner(random_state=0).fit(frame)
    assert (weighted.kernel_, weighted.shrinkage_) == (alone.kernel_, alone.shrinkage_)
    fixed = CrossModalAligner(**QUICK).fit(both, sample_weight=weight)
    found = fixed.translate(frame, source="a", target="b")
    expected = CrossModalAligner(**QUICK).fit(frame).translate(frame, source="a", target="b")
    assert np.abs(found - expected).mean() < 0.3


def test_the_content_of_files_and_sparse_rows_is_looked_at(tmp_path, rng):
    from PIL import Image as Pillow

    from sklearn_crossmodal.alignment._spaces._contrastive_embedding import _contents

    paths = []
    for k in range(4):
        path = tmp_path / f"{k}.png"
        Pillow.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(path)
        paths.append(str(path))
    column = np.array(paths * 5, dtype=object)
    block = Image(size=8).fit(column).transform(column)
    assert len(np.unique(_contents(block))) == 4
    rows = sparse.csr_array(np.tile(np.eye(5), (4, 1)))
    numeric = Numeric().fit(rows)
    assert len(np.unique(_contents(numeric.transform(rows)))) == 5


# Names, columns and containers --------------------------------------------------------------


def test_modalities_of_any_name_and_column():
    for name in ("image_embedding", "x_embedding"):
        frame = MultiModalFrame({name: A, "text": B, "image": A[:, ::-1]})
        aligner = CrossModalAligner(**QUICK).fit(frame)
        assert aligner.embed(frame, modality=name).shape[0] == N
        assert ModalityVectorizer().fit_transform(frame).shape[0] == N
    crossed = [("numbers", Text(), "text"), ("text", Numeric(), "numbers")]
    frame = MultiModalFrame({"text": TEXTS, "numbers": A})
    aligner = CrossModalAligner(crossed, **QUICK).fit(frame)
    found = aligner.translate(frame, source="text", target="numbers", gallery=frame)
    assert np.mean(found == TEXTS) > 0.8
    classifier = ZeroShotClassifier(aligner, {"low": "it is low", "high": "it is high"}).fit()
    assert np.mean(classifier.predict(frame[["numbers"]]) == WORDS) > 0.8


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_data_frames_of_columns(kind):
    columns = {f"a{k}": A[:, k] for k in range(5)} | {"text": TEXTS.astype(str)}
    frame = kind(columns)
    aligner = CrossModalAligner(random_state=0).fit(frame)
    names = [name for name, *_ in aligner.modalities_]
    numbers = next(name for name in names if name != "text")
    found = aligner.translate(frame, source=numbers, target="text", gallery=frame)
    assert np.mean(np.asarray(found, dtype=object) == TEXTS) > 0.8
    classifier = ZeroShotClassifier(aligner, ["low", "high"], templates=["it is {}"]).fit()
    assert np.mean(classifier.predict(frame) == WORDS) > 0.8
    told = align_or_predict(frame, WORDS, random_state=0)
    assert told.regime in {"both", "align", "predict", "neither"}
    retriever = CrossModalRetriever(aligner).fit(frame)
    assert retriever.kneighbors(frame, 2, False, source=numbers, target="text").shape == (N, 2)


def test_other_modalities_are_not_looked_at():
    frame = MultiModalFrame({"a": A, "text": TEXTS})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    broken = {"a": A, "text": np.arange(N)}
    np.testing.assert_array_equal(
        aligner.embed(broken, modality="a"), aligner.embed(frame, modality="a")
    )
    assert np.isnan(aligner.embed(frame[["text"]], modality="a")).all()


def test_sparse_targets_are_translated():
    numbers = sparse.csr_array(np.maximum(B, 0))
    frame = MultiModalFrame({"a": A, "b": numbers})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    found = aligner.translate(frame, source="a", target="b", gallery=frame)
    assert np.asarray(found).shape == B.shape


# Labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["no", "yes"], [1.0, 2.0]])
def test_classes_of_any_type(labels):
    frame = MultiModalFrame({"a": A, "text": TEXTS})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    described = dict(zip(labels, ["it is low", "it is high"], strict=True))
    y = np.array(labels)[(WORDS == "high").astype(int)]
    for classifier in (
        ZeroShotClassifier(aligner, described).fit(),
        ZeroShotClassifier(aligner, described).fit(frame[["a"]], y),
    ):
        assert classifier.classes_.tolist() == sorted(labels)
        assert np.mean(classifier.predict(frame[["a"]]) == y) > 0.8


def test_descriptions_that_are_none_are_told():
    frame = MultiModalFrame({"a": A, "text": TEXTS})
    aligner = CrossModalAligner(**QUICK).fit(frame)

    def fails(match, *arguments, y=None, **params):
        X = None if y is None else frame
        with pytest.raises((ValueError, ModalityError), match=match):
            ZeroShotClassifier(aligner, *arguments, **params).fit(X, y)

    fails("all strings or all numbers", ["red", 1])
    fails("all strings or all numbers", {0: "it is low"}, y=WORDS)
    fails("all strings or all numbers", {("a", 1): "it is low"})
    fails("class 'red' has no description", {"red": [], "blue": "it is high"})
    fails("class 'red' has no description", {"red": None})
    fails("texts with {}", ["low", "high"], templates=["it is"])
    fails("texts with {}", ["low", "high"], templates=[])
    fails("templates are for texts", {"low": A[0]}, modality="a", templates=["it is {}"])
    fails("seen_penalty=0.2 is for the classes of y", ["low", "high"], seen_penalty=0.2)
    one = ZeroShotClassifier(aligner, {"low": A[0], "high": A[1]}, modality="a").fit()
    np.testing.assert_allclose(
        one.prototypes_[1], aligner.embed({"a": A[:1]}, modality="a")[0], atol=1e-12
    )


def test_scores_check_their_labels():
    frame = MultiModalFrame({"a": A, "b": B})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    for y in (np.r_[WORDS, WORDS], WORDS[:-1]):
        with pytest.raises(ValueError, match="inconsistent|samples"):
            aligner.score(frame, y)
        with pytest.raises(ValueError, match="inconsistent"):
            retrieval_score(aligner, frame, y, source="a", target="b")
    missing = np.where(np.arange(N) == 7, np.nan, 1.0)
    with pytest.raises(ValueError, match="NaN"):
        aligner.score(frame, missing)
    with pytest.raises(ValueError, match=r"no label in rows \[7\]"):
        retrieval_score(aligner, frame, missing, source="a", target="b")
    with pytest.raises(ValueError, match="no sample has two of"):
        aligner.score(frame[["a"]])
    apart = MultiModalFrame(
        {"a": A, "b": B}, present={"a": np.arange(N) < 60, "b": np.arange(N) >= 60}
    )
    with pytest.raises(ValueError, match="no sample has both 'a' and 'b'"):
        retrieval_score(aligner, apart, source="a", target="b")


def test_whole_numbers_of_many_values_are_numbers():
    rng = np.random.default_rng(0)
    ages = np.round(40 + 12 * A[:, 0] + rng.normal(size=N)).astype(int)
    frame = {"a": A, "b": B}
    whole, halves = (align_or_predict(frame, y, random_state=0) for y in (ages, ages + 0.5))
    assert whole.separation_align == pytest.approx(halves.separation_align)
    with pytest.raises(ValueError, match="align_or_predict: .*no direction"):
        align_or_predict({"a": np.ones((N, 2)), "b": B}, ages)
    with pytest.raises(ValueError, match="NaN"):
        align_or_predict(frame, np.where(np.arange(N) == 3, np.nan, ages))


@pytest.mark.parametrize("wrong", [0, -1, 2.5, None, True])
def test_a_number_of_neighbours_is_one(wrong):
    frame = MultiModalFrame({"a": A, "b": B})
    aligner = CrossModalAligner(**QUICK).fit(frame)
    with pytest.raises(ValueError, match="must be an int from 1 on"):
        aligner.translate(frame, source="a", target="b", gallery=frame, n_neighbors=wrong)
    with pytest.raises(ValueError, match=f"n_neighbors={N + 1} is more than the {N} samples"):
        aligner.translate(frame, source="a", target="b", gallery=frame, n_neighbors=N + 1)
    if wrong is not None:
        with pytest.raises(ValueError, match="must be an int from 1 on"):
            CrossModalRetriever(aligner).fit(frame).kneighbors(frame, wrong)
