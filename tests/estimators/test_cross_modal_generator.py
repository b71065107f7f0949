import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from torch import nn

from sklearn_crossmodal import (
    CrossModalGenerator,
    CrossModalRegressor,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Text,
)
from sklearn_crossmodal.data import PADDING
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.model_selection import BatchedGridSearchCV
from sklearn_crossmodal.nn.decoders import AttentionDecoder, RecurrentDecoder, TokensDecoder
from sklearn_crossmodal.training import stack_key

N = 48
QUICK = {"max_epochs": 40, "learning_rate": 0.01, "batch_size": 16, "random_state": 0}
DECODERS = {
    "gru": RecurrentDecoder(width=32),
    "lstm": RecurrentDecoder("lstm", width=32),
    "attention": AttentionDecoder(width=32, n_layers=1),
}
each_decoder = pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)
SHAPES, COLORS = ["square", "cross"], ["red", "green", "blue"]


@pytest.fixture(scope="module")
def drawings():
    """Return N drawings, as pictures and as numbers, and a caption: each tells the others."""
    shape, color = np.arange(N) % 2, np.arange(N) % 3
    images = np.zeros((N, 8, 8, 3), dtype=np.uint8)
    for image, is_cross, channel in zip(images, shape, color, strict=True):
        if is_cross:
            image[3:5, :, channel] = image[:, 3:5, channel] = 255
        else:
            image[2:6, 2:6, channel] = 255
    texts = [
        f"a {COLORS[c]} {SHAPES[s]}" + " with arms" * s for s, c in zip(shape, color, strict=True)
    ]
    numbers = np.column_stack([shape == 1, *(color == c for c in range(3))]) * [5.0, 1, 2, 3]
    return {"photo": images, "table": numbers, "words": np.array(texts, dtype=object)}


@pytest.fixture(scope="module")
def X(drawings):
    return MultiModalFrame({"table": drawings["table"]})


@pytest.fixture(scope="module")
def y(drawings):
    return drawings["words"]


@pytest.fixture(scope="module")
def fitted(X, y):
    return CrossModalGenerator(decoder=DECODERS["gru"], **QUICK).fit(X, y)


def again(fitted, **params):
    """Return a copy of a fitted generator that is set otherwise."""
    return pickle.loads(pickle.dumps(fitted)).set_params(**params)


# What it says ------------------------------------------------------------------------------------


@pytest.mark.slow
@each_decoder
def test_captions_that_were_learned_are_given_back(decoder, X, y):
    generator = CrossModalGenerator(decoder=decoder, **QUICK).fit(X, y)
    for settings in ({"n_beams": 1}, {"n_beams": 4}, {"temperature": 1e-6}):
        said = generator.set_params(**settings).predict(X)
        assert said.shape == (N,)
        assert said.dtype == object
        assert (said == y).mean() > 0.9


@pytest.mark.slow
def test_pictures_are_named(drawings, y):
    X = MultiModalFrame({"photo": drawings["photo"]})
    generator = CrossModalGenerator(**{**QUICK, "learning_rate": 0.005}).fit(X, y)
    assert (generator.predict(X) == y).mean() > 0.9


@pytest.mark.slow
def test_several_sources_are_fused_and_any_may_be_absent(drawings, y):
    color = np.array([text.split()[1] for text in y], dtype=object)
    X = MultiModalFrame({"table": drawings["table"], "color": color})
    shape_only = MultiModalFrame({"table": drawings["table"][:, :1], "color": color})
    generator = CrossModalGenerator(**QUICK).fit(shape_only, y)
    assert (generator.predict(shape_only) == y).mean() > 0.9
    right = [
        text.split()[1] == c for text, c in zip(generator.predict(shape_only[["color"]]), color)
    ]
    assert np.mean(right) > 0.9  # and the shape is a guess
    assert (generator.predict(shape_only[["color"]]) == y).mean() < 0.8
    generator = CrossModalGenerator(**QUICK, modality_dropout=0.3).fit(X, y)
    for left in (["table"], ["color"]):
        assert len(generator.predict(X[left])) == N
    assert (generator.predict(X[["table"]]) == y).mean() > 0.9


def test_words_are_those_of_fit(fitted, rng):
    other = MultiModalFrame({"table": rng.normal(scale=100, size=(200, 4))})
    known = {*COLORS, *SHAPES, "a", "with", "arms"}
    for temperature in (None, 3.0):
        said = again(fitted, temperature=temperature).predict(other)
        assert {word for text in said for word in text.split()} <= known


@pytest.mark.slow
def test_unknown_words_are_never_said(X, y):
    rare = [f"{text} {i}" for i, text in enumerate(y)]  # a number that no other text has
    generator = CrossModalGenerator(target=Text(min_count=2), **QUICK).fit(X, rare)
    for n_beams in (1, 4):
        said = again(generator, n_beams=n_beams).predict(X)
        assert {word for text in said for word in text.split()} <= set(" ".join(y).split())
    assert generator.score(X, rare) > -0.5  # what is not known is expected there


def test_drawn_texts_are_the_same_each_time_and_with_the_seed_others(fitted, X):
    drawn = again(fitted, temperature=2.0).predict(X)
    generator = again(fitted, temperature=2.0)
    np.testing.assert_array_equal(generator.predict(X), drawn)
    np.testing.assert_array_equal(generator.predict(X), drawn)
    assert (again(fitted, temperature=2.0, random_state=1).predict(X) != drawn).any()
    free = again(fitted, temperature=2.0, random_state=None)
    before = np.random.get_state()[1].copy(), torch.random.get_rng_state()
    assert (free.predict(X) != free.predict(X)).any()
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_a_draw_is_as_probable_as_the_model_believes(fitted):
    one = MultiModalFrame({"table": np.tile([2.0, 0.4, 0.9, 1.4], (3000, 1))})  # between drawings
    generator = again(fitted, temperature=1.0)
    found, counts = np.unique(generator.predict(one), return_counts=True)
    text, share = found[counts.argmax()], counts.max() / 3000
    block = generator.target_.transform([text])
    p = np.exp(generator.score(one[:1], [text]) * block.mask.sum())
    assert abs(share - p) < 4 * (p * (1 - p) / 3000) ** 0.5 + 0.01


def test_batches_of_a_prediction_do_not_meet(fitted, X, monkeypatch):
    whole = again(fitted).predict(X)
    monkeypatch.setattr("sklearn_crossmodal.estimators._cross_modal_generator.SCORES_AT_ONCE", 1)
    np.testing.assert_array_equal(again(fitted).predict(X), whole)


def test_max_length_may_be_more_than_that_of_the_texts_in_fit(fitted, X):
    for most in (1, 2, 20):
        lengths = {len(text.split()) for text in again(fitted, max_length=most).predict(X)}
        assert max(lengths) == min(most, 5)


@pytest.mark.parametrize("form", [pd.Series, list, lambda y: y.astype("U")])
def test_texts_may_be_a_series_or_a_list(form, X, y):
    settings = {**QUICK, "max_epochs": 2}
    plain, other = (CrossModalGenerator(**settings).fit(X, one) for one in (y, form(y)))
    np.testing.assert_array_equal(other.predict(X), plain.predict(X))
    assert other.score(X, form(y)) == plain.score(X, y)


@pytest.mark.slow
def test_target_says_how_texts_are_read(X, y):
    loud = np.array([f"{text.title()}!" for text in y], dtype=object)
    target = Text(lowercase=False, tokenizer=str.split)
    generator = CrossModalGenerator(target=target, **QUICK).fit(X, loud)
    assert not hasattr(target, "spec_")
    assert (generator.predict(X) == loud).mean() > 0.9
    ids = [[7, 1], [3]] * (N // 2)
    generator = CrossModalGenerator(target=Text(tokenizer="ids"), **QUICK).fit(X, ids)
    assert np.mean([list(row) in ids for row in generator.predict(X)]) > 0.9


# The score ---------------------------------------------------------------------------------------


@each_decoder
def test_score_is_the_log_likelihood_of_a_token_given_the_true_ones_before(decoder, X, y, rng):
    generator = CrossModalGenerator(decoder=decoder, **{**QUICK, "max_epochs": 5}).fit(X, y)
    block, module = generator.target_.transform(y), generator.network_.decoders["y"]
    state, last, found = module.start(torch.from_numpy(generator.transform(X))), None, []
    for tokens in torch.from_numpy(block.values).T:  # one by one, not all at once
        scores, state = module.step(state, last)
        found.append(scores.log_softmax(dim=-1).gather(1, tokens[:, None]).squeeze(1))
        last = tokens
    likely = torch.stack(found, dim=1).detach().numpy()
    assert generator.dtype_ == "float64"
    assert generator.score(X, y) == pytest.approx(likely[block.mask].mean())
    weight = rng.random(N)
    weights = np.broadcast_to(weight[:, np.newaxis], likely.shape)[block.mask]
    expected = np.average(likely[block.mask], weights=weights)
    assert generator.score(X, y, sample_weight=weight) == pytest.approx(expected)


def test_losses_in_training_are_those_of_the_score(X, y):
    settings = {**QUICK, "max_epochs": 1, "batch_size": N, "fusion": "sum"}  # has no dropout
    generator = CrossModalGenerator(
        decoder=RecurrentDecoder(dropout=0.0),
        modalities=[("table", Numeric(), "table")],
        **{**settings, "learning_rate": 1e-12},
        validation=0.15,
    ).fit(X, y)
    block = generator.target_.transform(y)
    losses = generator.net_.sample_losses(generator._blocks(X), {"y": block})
    whole = generator.history_[0]["train_loss"], generator.history_[0]["valid_loss"]
    assert min(whole) - 1e-9 <= losses.mean() <= max(whole) + 1e-9


def test_score_is_better_for_what_was_there(fitted, X, y):
    assert fitted.score(X, y) > -0.2
    assert fitted.score(X, y[::-1]) < fitted.score(X, y) - 1
    with pytest.warns(UserWarning, match="texts have no word that is in the vocabulary"):
        assert np.isfinite(fitted.score(X, ["entirely new words"] * N))


def test_what_is_said_scores_best(fitted, X):
    said = again(fitted, n_beams=8, length_penalty=0.0).predict(X)
    drawn = again(fitted, temperature=1.5).predict(X)

    def log_p(texts):
        mask = fitted.target_.transform(texts).mask
        return fitted.score(X, texts) * mask.sum()

    assert log_p(said) > log_p(drawn)


# Other estimators with these decoders -------------------------------------------------------------


@pytest.mark.parametrize(
    "decoder",
    [
        pytest.param(one, marks=pytest.mark.slow if name == "lstm" else [])
        for name, one in DECODERS.items()
    ],
    ids=DECODERS,
)
def test_regressor_takes_them_for_a_text(decoder, X, y):
    target = Text(decoder=decoder)
    reg = CrossModalRegressor(target=target, validation=None, **QUICK).fit(X, y)
    generator = CrossModalGenerator(decoder=decoder, n_beams=1, validation=None, **QUICK)
    generator.fit(X, y)
    np.testing.assert_array_equal(reg.predict(X), generator.predict(X))
    assert (reg.predict(X) == y).mean() > 0.9
    assert reg.score(X, y) == pytest.approx(generator.score(X, y))


@pytest.mark.parametrize(
    "decoder", ["recurrent", pytest.param("attention", marks=pytest.mark.slow)]
)
def test_autoencoder_takes_them_for_a_text(decoder, drawings):
    X = MultiModalFrame({"table": drawings["table"], "words": drawings["words"]})
    modalities = [("table", Numeric(), "table"), ("words", Text(decoder=decoder), "words")]
    auto = MultiModalAutoencoder(modalities, n_components=8, **{**QUICK, "max_epochs": 80}).fit(X)
    assert (auto.reconstruct(X)["words"] == drawings["words"]).mean() > 0.9
    assert (auto.translate(X, source="table", target="words") == drawings["words"]).mean() > 0.9
    mixed = MultiModalFrame({**dict(X), "words": drawings["words"][::-1]})
    assert auto.score_samples(X).mean() > auto.score_samples(mixed).mean()


# It is an estimator ------------------------------------------------------------------------------


def test_it_is_no_classifier_and_no_regressor(fitted):
    assert not is_classifier(fitted)
    assert not is_regressor(fitted)
    assert fitted.__sklearn_tags__().target_tags.required


def test_transform_gives_the_latent_that_the_text_is_decoded_from(fitted, X):
    latent = fitted.transform(X)
    assert latent.shape == (N, len(fitted.get_feature_names_out()))
    scores = fitted.network_.decode(torch.from_numpy(latent))["y"]
    texts = fitted.target_.inverse_transform(scores.argmax(dim=-1).numpy())
    np.testing.assert_array_equal(again(fitted, n_beams=1).predict(X), texts)


def test_pickle_keeps_what_it_says(fitted, X):
    np.testing.assert_array_equal(again(fitted).predict(X), fitted.predict(X))


@pytest.mark.slow
def test_search_over_parameters_of_the_decoder(X, y):
    generator = CrossModalGenerator(decoder=RecurrentDecoder(width=8), **{**QUICK, "max_epochs": 5})
    grid = {"decoder__width": [4, 32], "target": [Text(), Text(min_count=2)]}
    search = GridSearchCV(generator, grid, cv=2).fit(X, y)
    assert search.best_params_["decoder__width"] == 32
    together = BatchedGridSearchCV(generator, grid, cv=2).fit(X, y)
    scores = [one.cv_results_["mean_test_score"] for one in (search, together)]
    np.testing.assert_allclose(*scores, rtol=1e-6)
    assert np.isfinite(cross_val_score(generator, X, y, cv=2)).all()


def test_networks_with_a_text_to_give_are_trained_one_by_one(X, y):
    for decoder in DECODERS.values():
        (training,) = CrossModalGenerator(decoder=decoder, **QUICK)._prepare(X, y, None)
        assert "not known to work on stacked weights" in stack_key(training)


def test_partial_fit_learns_over_several_calls(X, y):
    generator = CrossModalGenerator(learning_rate=0.02, random_state=0)
    for _ in range(12):
        generator.partial_fit(X[:24], y[:24]).partial_fit(X[24:], y[24:])
    losses = [row["train_loss"] for row in generator.history_]
    assert len(losses) == 24
    assert max(losses[-2:]) < 0.5 * min(losses[:2])


def test_warm_start_and_clone(X, y):
    generator = CrossModalGenerator(warm_start=True, **{**QUICK, "max_epochs": 3}).fit(X, y)
    first = generator.score(X, y)
    assert generator.fit(X, y).n_iter_ == 6
    assert generator.score(X, y) > first
    assert clone(generator).fit(X, y).score(X, y) == first


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.arange(N), r"y must hold texts, got int64 of shape \(48,\)"),
        (np.zeros((N, 2)), r"y must hold texts, got float64 of shape \(48, 2\)"),
        (np.zeros(N, dtype=bool), r"y must hold texts, got bool"),
        ([1, "a"] * (N // 2), r"target: column '0' holds 1 \(int\) where a string is expected"),
        ([None, "a"] * (N // 2), f"y is absent in {N // 2} samples"),
        (["a"] * 3, "X has 48 rows, y has 3"),
        (None, "requires y to be passed"),
    ],
)
def test_y_that_holds_no_texts_is_refused(wrong, said, X):
    with pytest.raises(ValueError, match=f"CrossModalGenerator.*{said}"):
        CrossModalGenerator(max_epochs=1).fit(X, wrong)


def test_y_of_another_kind_is_refused_after_fit(fitted, X):
    with pytest.raises(ModalityError, match="CrossModalGenerator: y must hold texts, got int64"):
        fitted.score(X, np.arange(N))


def test_a_decoder_of_the_target_is_refused(X, y):
    target = Text(decoder="recurrent")
    said = "target: its decoder='recurrent' would not be used: give it as decoder of CrossModalGen"
    with pytest.raises(ModalityError, match=f"CrossModalGenerator: {said}"):
        CrossModalGenerator(target=target).fit(X, y)


class AllAtOnce(nn.Module):
    """A user's decoder that cannot go token by token."""

    def __init__(self, width, spec):
        super().__init__()
        self.linear = nn.Linear(width, spec.n_categories)

    def forward(self, latent):
        return self.linear(latent)


@pytest.mark.parametrize("decoder", [TokensDecoder(), AllAtOnce])
def test_a_decoder_that_gives_all_words_at_once_is_refused(decoder, X, y):
    said = r"does not give a text token by token. Decoders that do: \['attention', 'recurrent'\]"
    with pytest.raises(ModalityError, match=f"CrossModalGenerator: decoder=.*{said}"):
        CrossModalGenerator(decoder=decoder).fit(X, y)


class Parrot(nn.Module):
    """A user's decoder that says the same whatever the latent, word after word of a table."""

    takes_targets = True

    def __init__(self, width, spec):
        super().__init__()
        self.table = nn.Embedding(spec.n_categories, spec.n_categories)
        self.n_steps = spec.shape[0]

    def start(self, latent):
        return (latent,)

    def step(self, state, tokens):
        none = torch.full((len(state[0]),), PADDING)
        return self.table(none if tokens is None else tokens), state

    def forward(self, latent, tokens=None):
        before = torch.nn.functional.pad(tokens[:, :-1], (1, 0), value=PADDING)
        return self.table(before)


def test_a_decoder_of_ones_own_may_take_the_place(X, y):
    generator = CrossModalGenerator(decoder=Parrot, **{**QUICK, "learning_rate": 0.1}).fit(X, y)
    assert len(set(generator.predict(X))) == 1
    assert generator.predict(X)[0].startswith("a ")


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_beams", 0), ("length_penalty", -1), ("max_length", 0), ("temperature", 0.0)],
)
def test_parameters_of_predict_are_checked_when_set_after_fit(name, value, fitted, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter of CrossModalGenerator"):
        again(fitted, **{name: value}).predict(X)
