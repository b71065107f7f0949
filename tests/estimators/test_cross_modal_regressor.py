import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import r2_score
from torch import nn

from sklearn_crossmodal import (
    Categorical,
    CrossModalRegressor,
    Embedding,
    Image,
    MultiModalFrame,
    Numeric,
    Text,
)
from sklearn_crossmodal.nn.decoders import CNNDecoder, MLPDecoder, TokensDecoder
from sklearn_crossmodal.nn.losses import AbsoluteError

QUICK = {"max_epochs": 30, "learning_rate": 0.02, "validation": None, "random_state": 0}
N = 48
SHAPES = ["square", "cross"]
COLORS = ["red", "green", "blue"]


@pytest.fixture(scope="module")
def drawings():
    """Return N drawings, what they show in words, and as numbers: one tells all the others."""
    shape, color = np.arange(N) % 2, np.arange(N) % 3
    images = np.zeros((N, 8, 8, 3), dtype=np.uint8)
    for image, is_cross, channel in zip(images, shape, color, strict=True):
        if is_cross:
            image[3:5, :, channel] = image[:, 3:5, channel] = 255
        else:
            image[2:6, 2:6, channel] = 255
    texts = np.array(
        [f"a {COLORS[c]} {SHAPES[s]}" for s, c in zip(shape, color, strict=True)], dtype=object
    )
    numbers = np.column_stack([shape == 1, *(color == c for c in range(3))]) * [5.0, 1, 2, 3]
    return {"photo": images, "words": texts, "table": numbers}


def learn(drawings, source, aim, **params):
    X, y = MultiModalFrame({source: drawings[source]}), drawings[aim]
    settings = {**QUICK, "learning_rate": 0.005 if source == "photo" else 0.02, **params}
    return CrossModalRegressor(**settings).fit(X, y), X, y


def explained(y, predicted):
    """Share of the variance that is explained; `r2_score` gives zeros for constant pixels."""
    y, predicted = y.astype(float), predicted.astype(float)
    return 1 - ((y - predicted) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum()


# From any modality to any other -----------------------------------------------------------------


@pytest.mark.covering
@pytest.mark.parametrize("source", ["photo", "words", "table"])
@pytest.mark.parametrize(
    ("target", "kind"), [("table", Numeric), ("words", Text), ("photo", Image)]
)
def test_any_modality_is_mapped_to_any_other(source, target, kind, drawings):
    reg, X, y = learn(drawings, source, target)
    assert type(reg.target_) is kind
    predicted = reg.predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype == y.dtype
    if target == "words":
        assert (predicted == y).mean() > 0.9
    else:
        assert explained(y, predicted) > 0.7


@pytest.mark.parametrize(("name", "target"), [("text", "words"), ("image", "photo")])
def test_target_given_by_name_is_the_one_inferred(name, target, drawings):
    answers = []
    for given in (name, None):
        reg, X, _ = learn(drawings, "table", target, target=given, max_epochs=3)
        answers.append(reg.predict(X))
    np.testing.assert_array_equal(*answers)


def test_target_given_by_name_is_taken_at_its_word(drawings):
    reg, X, y = learn(drawings, "words", "table", target="numeric")
    assert explained(y, reg.predict(X)) > 0.8
    with pytest.raises(ValueError, match="CrossModalRegressor: target.*string is expected"):
        learn(drawings, "words", "table", target="text")


def test_several_sources_are_fused(drawings):
    shape_only = drawings["table"][:, :1]
    color_only = np.array([text.split()[1] for text in drawings["words"]], dtype=object)
    X = MultiModalFrame({"table": shape_only, "words": color_only})
    reg = CrossModalRegressor(**QUICK).fit(X, drawings["words"])
    assert (reg.predict(X) == drawings["words"]).mean() > 0.9
    assert (reg.predict(X[["words"]]) == drawings["words"]).mean() < 0.7


@pytest.mark.parametrize("order", ["positions", "bag"])
def test_text_is_predicted_in_order_or_as_a_bag(order, drawings):
    target = Text(decoder=TokensDecoder(order))
    reg, X, y = learn(drawings, "table", "words", target=target)
    predicted = reg.predict(X)
    found = [set(text.split()) for text in predicted]
    expected = [set(text.split()) for text in y]
    assert np.mean([one == other for one, other in zip(found, expected, strict=True)]) > 0.9
    assert ((predicted == y).mean() > 0.9) == (order == "positions")


def test_one_column_of_numbers_comes_back_flat(drawings):
    for y in (drawings["table"][:, 0], drawings["table"][:, :1]):
        reg = CrossModalRegressor(**{**QUICK, "max_epochs": 1}).fit(drawings["table"], y)
        assert reg.predict(drawings["table"]).shape == y.shape


@pytest.mark.parametrize(
    "form", [lambda y: pd.DataFrame(y, columns=list("abcd")), lambda y: y.tolist()]
)
def test_numbers_may_be_a_frame_or_a_list(form, drawings):
    plain, X, y = learn(drawings, "words", "table", max_epochs=2)
    other = CrossModalRegressor(**{**QUICK, "max_epochs": 2}).fit(X, form(y))
    np.testing.assert_array_equal(other.predict(X), plain.predict(X))


@pytest.mark.parametrize("form", [pd.Series, list, lambda y: y.astype("U")])
def test_texts_may_be_a_series_or_a_list(form, drawings):
    plain, X, y = learn(drawings, "table", "words", max_epochs=2)
    other = CrossModalRegressor(**{**QUICK, "max_epochs": 2}).fit(X, form(y))
    assert type(other.target_) is Text
    np.testing.assert_array_equal(other.predict(X), plain.predict(X))


@pytest.mark.covering
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (3, 8, 8)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64, bool])
def test_images_come_back_in_the_form_of_y(shape, dtype, drawings):
    images = drawings["photo"]
    y = {(8, 8): images[..., 0], (8, 8, 1): images[..., :1]}.get(shape, np.moveaxis(images, -1, 1))
    y = (y / 255 if dtype is np.float64 else y).astype(dtype)
    X = MultiModalFrame({"words": drawings["words"]})
    reg = CrossModalRegressor(**{**QUICK, "max_epochs": 1}).fit(X, y)
    assert reg.predict(X).shape == (N, *shape)
    assert reg.predict(X).dtype == dtype


def test_target_is_taken_with_its_parameters(drawings):
    decoder = CNNDecoder(channels=(4,), activation="sigmoid")
    target = Image(scaling="unit", decoder=decoder, loss="absolute_error")
    reg, X, _ = learn(drawings, "words", "photo", target=target, max_epochs=2)
    assert reg.target_ is not target
    assert not hasattr(target, "spec_")
    assert reg.network_.decoders["y"].activation == "sigmoid"
    assert reg.set_params(target__size=(4, 4)).fit(X, drawings["photo"]).predict(X).shape == (
        N,
        4,
        4,
        3,
    )


def test_loss_of_the_target_is_what_is_minimised(drawings):
    y = drawings["table"]
    for loss, by_hand in [("squared_error", np.square), (AbsoluteError(), np.abs)]:
        target = Numeric(scaling="standard", loss=loss)
        reg = CrossModalRegressor(
            [("table", Numeric(), slice(0, 4))],
            target=target,
            fusion="sum",  # has no dropout
            validation=None,
            learning_rate=1e-12,
            weight_decay=0.0,
            max_epochs=1,
            random_state=0,
        ).fit(y, y)
        expected = by_hand((reg.predict(y) - y) / y.std(axis=0)).mean()
        assert reg.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


class Flat(nn.Module):
    """A user's decoder."""

    def __init__(self, width, spec):
        super().__init__()
        self.linear = nn.Linear(width, spec.size)
        self.shape = spec.shape

    def forward(self, latent):
        return self.linear(latent).unflatten(-1, self.shape)


def test_module_of_ones_own_stands_in_for_the_decoder(drawings):
    reg, X, y = learn(drawings, "words", "photo", target=Image(decoder=Flat))
    assert type(reg.network_.decoders["y"]) is Flat
    assert explained(y, reg.predict(X)) > 0.8


def test_absent_source_leaves_what_the_others_tell(drawings):
    X = MultiModalFrame({"table": drawings["table"], "words": drawings["words"]})
    reg = CrossModalRegressor(**QUICK, modality_dropout=0.3).fit(X, drawings["words"])
    for left in (["table"], ["words"]):
        assert (reg.predict(X[left]) == drawings["words"]).mean() > 0.9


# The score ---------------------------------------------------------------------------------------


def test_score_of_numbers_is_the_mean_r2_of_the_columns(drawings, rng):
    reg, X, y = learn(drawings, "words", "table", max_epochs=5)
    weight, predicted = rng.random(N), reg.predict(X)

    def by_hand(weight):
        center = np.average(y, axis=0, weights=weight)
        residual = np.average((y - predicted) ** 2, axis=0, weights=weight)
        return np.mean(1 - residual / np.average((y - center) ** 2, axis=0, weights=weight))

    assert reg.score(X, y) == pytest.approx(by_hand(np.ones(N)))
    assert reg.score(X, y, sample_weight=weight) == pytest.approx(by_hand(weight))


@pytest.mark.parametrize("target", [Embedding(), Embedding(normalize=True), Numeric()], ids=str)
def test_score_of_vectors_in_a_list_is_that_of_their_array(target, drawings):
    X, y = drawings["photo"], drawings["table"] + 1.0
    reg = learn({"photo": X, "table": y}, "photo", "table", target=target)[0]
    source = MultiModalFrame({"photo": X})
    by_hand = r2_score(
        target.inverse_transform(target.fit_transform(y)[1].values), reg.predict(source)
    )
    column = pd.Series([*y])
    for form in (y, [*y], column, column.to_numpy()):
        assert reg.score(source, form) == pytest.approx(by_hand, abs=1e-5)


def test_score_of_images_is_the_mean_r2_of_the_pixels(drawings):
    reg, X, y = learn(drawings, "words", "photo", max_epochs=5)
    flat = [part.reshape(N, -1).astype(float) for part in (y, reg.predict(X))]
    assert reg.score(X, y) == pytest.approx(r2_score(*flat))
    assert reg.score(X, y) < 1


@pytest.mark.parametrize("order", ["positions", "bag"])
def test_score_of_text_is_the_log_likelihood_of_a_token(order, drawings, rng):
    # Texts of unlike length: a long one has more tokens that count.
    y = np.array([f"{text} indeed" if i % 2 else text for i, text in enumerate(drawings["words"])])
    X = MultiModalFrame({"table": drawings["table"]})
    settings = {**QUICK, "learning_rate": 1e-12, "weight_decay": 0.0, "max_epochs": 1}
    reg = CrossModalRegressor(target=Text(decoder=TokensDecoder(order)), **settings).fit(X, y)
    block = reg.target_.transform(y)
    scores = reg.network_.decode(torch.from_numpy(reg.transform(X)))["y"]
    scores = scores.detach().log_softmax(dim=-1).numpy()
    if order == "bag":
        scores = np.repeat(scores[:, np.newaxis], block.values.shape[1], axis=1)
    likely = np.take_along_axis(scores, block.values[..., np.newaxis], axis=2)[..., 0]
    assert reg.score(X, y) == pytest.approx(likely[block.mask].mean())
    weight = rng.random(N)
    weights = np.broadcast_to(weight[:, np.newaxis], likely.shape)[block.mask]
    expected = np.average(likely[block.mask], weights=weights)
    assert reg.score(X, y, sample_weight=weight) == pytest.approx(expected)
    guess = -np.log(reg.target_.spec_.n_categories)
    assert guess - 1 < reg.score(X, y) < guess + 1  # an untrained network knows nothing
    trained = CrossModalRegressor(target=Text(decoder=TokensDecoder(order)), **QUICK).fit(X, y)
    assert trained.score(X, y) > reg.score(X, y) + 0.5


def test_score_of_text_is_better_for_what_was_there(drawings):
    reg, X, y = learn(drawings, "table", "words")
    assert reg.score(X, y) > -0.2
    assert reg.score(X, y[::-1]) < reg.score(X, y) - 1


# Its other methods -------------------------------------------------------------------------------


def test_transform_gives_the_latent_that_the_target_is_decoded_from(drawings):
    reg, X, _ = learn(
        drawings, "words", "table", target=Numeric(scaling=None, decoder=MLPDecoder(()))
    )
    latent = reg.transform(X)
    design = np.column_stack([latent, np.ones(N)])
    fit, *_ = np.linalg.lstsq(design, reg.predict(X))
    np.testing.assert_allclose(design @ fit, reg.predict(X), atol=1e-6)
    assert len(reg.get_feature_names_out()) == latent.shape[1]


@pytest.mark.parametrize("target", ["words", "photo", "table"])
def test_partial_fit_learns_over_several_calls(target, drawings):
    X, y = MultiModalFrame({"table": drawings["table"]}), drawings[target]
    reg = CrossModalRegressor(learning_rate=0.02, random_state=0)
    for _ in range(12):
        reg.partial_fit(X[:24], y[:24]).partial_fit(X[24:], y[24:])
    losses = [row["train_loss"] for row in reg.history_]
    assert len(losses) == 24
    assert max(losses[-2:]) < 0.5 * min(losses[:2])


def test_words_unseen_in_fit_are_scored_as_unknown(drawings):
    reg, X, _ = learn(drawings, "table", "words", max_epochs=2)
    other = np.array(["entirely new words"] * N, dtype=object)
    with pytest.warns(UserWarning, match="texts have no word that is in the vocabulary"):
        assert np.isfinite(reg.score(X, other))


def test_target_of_another_form_is_refused_after_fit(drawings):
    reg, X, _ = learn(drawings, "table", "words", max_epochs=1)
    with pytest.raises(ValueError, match="CrossModalRegressor: target.* string is expected"):
        reg.score(X, drawings["table"][:, 0])
    reg, X, _ = learn(drawings, "words", "table", max_epochs=1)
    with pytest.raises(ValueError, match="CrossModalRegressor: target.*3 columns, expected 4"):
        reg.partial_fit(X, drawings["table"][:, :3])


def test_target_that_no_modality_takes_is_refused(drawings):
    X = MultiModalFrame({"table": drawings["table"]})
    with pytest.raises(ValueError, match="CrossModalRegressor.*'y'.*dict"):
        CrossModalRegressor().fit(X, [{"a": 1}] * N)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_parameters_of_the_target_know_the_names_of_its_columns(frame, rng):
    X, cells = rng.normal(size=(20, 3)), {"size": ["S", "L"] * 10, "colour": ["red", "blue"] * 10}
    target = Categorical(categories={"size": ["S", "L"]}, ordered=["size", "colour"])
    reg = CrossModalRegressor(target=target, max_epochs=1, random_state=0).fit(X, frame(cells))
    assert reg.target_.coder_.levels_ == [["S", "L"], ["blue", "red"]]
    assert reg.predict(X).shape == (20, 2)
    assert 0 <= reg.score(X, frame(cells)) <= 1
    by_place = clone(reg).set_params(target__categories={0: ["S", "L"]}, target__ordered=[0, 1])
    np.testing.assert_array_equal(by_place.fit(X, frame(cells)).predict(X), reg.predict(X))


def test_a_column_that_the_target_lacks_is_named_with_those_it_has(rng):
    y = pd.DataFrame({"size": ["S", "L"] * 10, "colour": ["red", "blue"] * 10})
    reg = CrossModalRegressor(target=Categorical(ordered=["sise"]), max_epochs=1)
    with pytest.raises(ValueError, match=r"target: column 'sise' is none of \['size', 'colour'\]"):
        reg.fit(rng.normal(size=(20, 3)), y)


def test_a_series_is_a_target_of_one_named_column(rng):
    y = pd.Series(["S", "L"] * 10, name="size")
    target = Categorical(categories={"size": ["S", "L"]})
    reg = CrossModalRegressor(target=target, max_epochs=1).fit(rng.normal(size=(20, 3)), y)
    assert reg.target_.coder_.levels_ == [["S", "L"]]
    assert reg.predict(np.zeros((2, 3))).shape == (2,)
