import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback
from torch import nn

from sklearn_crossmodal import (
    Audio,
    Image,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Text,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.decoders import CNNDecoder, MLPDecoder, TokensDecoder
from sklearn_crossmodal.nn.encoders import CNNEncoder, LSTMEncoder, MLPEncoder
from sklearn_crossmodal.nn.fusion import ConcatFusion

N = 60
QUICK = {"max_epochs": 40, "learning_rate": 0.02, "batch_size": 20, "random_state": 0}
COLORS = ["red", "green", "blue"]


def listed():
    """List the modalities of X; its images need no deep network."""
    image = Image(encoder=CNNEncoder(channels=(16,)), decoder=CNNDecoder(channels=(16,)))
    return [("table", Numeric(), "table"), ("photo", image, "photo"), ("words", Text(), "words")]


@pytest.fixture(scope="module")
def X():
    """Return N samples of which each modality tells the same two things: a color and a number."""
    rng = np.random.default_rng(0)
    color, level = np.arange(N) % 3, rng.uniform(1, 3, size=N)
    table = np.column_stack([color == 0, color == 1, level, 10 * level]) + 0.0
    photo = np.zeros((N, 8, 8, 3), dtype=np.uint8)
    photo[np.arange(N), 2:6, 2:6, color] = (80 * level[:, np.newaxis, np.newaxis]).astype(int)
    words = [
        f"{COLORS[c]} and {'bright' if v > 2 else 'dark'}"
        for c, v in zip(color, level, strict=True)
    ]
    return MultiModalFrame({"table": table, "photo": photo, "words": np.array(words, object)})


@pytest.fixture(scope="module")
def fitted(X):
    return MultiModalAutoencoder(listed(), n_components=6, **QUICK).fit(X)


@pytest.fixture(scope="module")
def linear():
    """Return a table of rank two, and the settings that make the network linear."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(N, 2)) @ rng.normal(size=(2, 6)) + 0.05 * rng.normal(size=(N, 6))
    numeric = Numeric(
        scaling="standard", encoder=MLPEncoder(n_layers=0), decoder=MLPDecoder(hidden_widths=())
    )
    settings = {
        "modalities": [("table", numeric, slice(None))],
        "n_components": 2,
        "weight_decay": 0.0,
        "batch_size": N,
        "max_epochs": 200,
    }
    return table, {**QUICK, **settings}


def explained(true, found):
    true, found = np.asarray(true, dtype=float), np.asarray(found, dtype=float)
    return 1 - ((true - found) ** 2).sum() / ((true - true.mean(axis=0)) ** 2).sum()


def assert_same(frame, other):
    assert list(frame) == list(other)
    for name in frame:
        np.testing.assert_array_equal(frame[name], other[name])


# There and back ----------------------------------------------------------------------------------


def test_reconstruction_is_better_than_the_mean(X, fitted):
    found = fitted.reconstruct(X)
    assert isinstance(found, MultiModalFrame)
    assert explained(X["table"], found["table"]) > 0.8
    assert explained(X["photo"], found["photo"]) > 0.8
    assert (found["words"] == X["words"]).mean() > 0.8


def test_reconstruction_has_the_form_of_X(X, fitted):
    found = fitted.reconstruct(X)
    for name in X:
        assert found[name].shape == X[name].shape
        assert found[name].dtype == X[name].dtype


def test_inverse_transform_of_transform_is_the_reconstruction(X, fitted):
    latent = fitted.transform(X)
    assert latent.shape == (N, 6)
    assert latent.dtype == np.float64
    assert_same(fitted.inverse_transform(latent), fitted.reconstruct(X))


def test_inverse_transform_refuses_another_number_of_components(fitted):
    with pytest.raises(ValueError, match="MultiModalAutoencoder: X has 5 components, expected 6"):
        fitted.inverse_transform(np.zeros((3, 5)))


def test_texts_with_many_scores_are_decoded_a_few_at_a_time(X, fitted, monkeypatch):
    latent, whole, losses = fitted.transform(X), fitted.reconstruct(X), fitted.score_samples(X)
    spec = {name: modality.spec_ for name, modality, _ in fitted.modalities_}["words"]
    monkeypatch.setattr(
        "sklearn_crossmodal.training._inference.PREDICT_BATCH_SCORES",
        7 * spec.shape[0] * spec.n_categories,
    )
    n_rows = []
    decoder = fitted.network_.decoders["words"]
    hook = decoder.register_forward_hook(lambda module, args, out: n_rows.append(len(out)))
    for found in (fitted.inverse_transform(latent), fitted.reconstruct(X)):
        # Products of 32 bits are rounded otherwise where there are fewer rows at a time.
        np.testing.assert_allclose(found["table"], whole["table"], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found["words"], whole["words"])
    np.testing.assert_allclose(fitted.score_samples(X), losses, rtol=1e-5)
    hook.remove()
    assert max(n_rows) <= 8  # a single last sample joins the batch before it
    assert sum(n_rows) == 3 * len(X)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_inverse_transform_agrees_in_other_precisions(dtype, X):
    fitted = MultiModalAutoencoder(listed(), dtype=dtype, **{**QUICK, "max_epochs": 2}).fit(X)
    found = fitted.inverse_transform(fitted.transform(X))["table"]
    tolerance = {"float32": 1e-4, "bfloat16": 0.1}[dtype]
    np.testing.assert_allclose(found, fitted.reconstruct(X)["table"], rtol=tolerance, atol=0.1)


def test_array_comes_back_as_an_array_with_nan_where_no_modality_is(rng):
    table = rng.normal(size=(N, 4))
    modalities = [("one", Numeric(), [0, 3]), ("two", Numeric(), [1])]
    fitted = MultiModalAutoencoder(modalities, **{**QUICK, "max_epochs": 2}).fit(table)
    found = fitted.reconstruct(table)
    assert found.shape == (N, 4)
    assert np.isnan(found[:, 2]).all()
    assert np.isfinite(found[:, [0, 1, 3]]).all()
    np.testing.assert_array_equal(fitted.inverse_transform(fitted.transform(table)), found)


@pytest.mark.slow
def test_columns_of_a_frame_come_back_under_their_names(X):
    frame = pd.DataFrame({"b": X["table"][:, 2], "words": X["words"], "a": X["table"][:, 0]})
    found = MultiModalAutoencoder(n_components=6, **QUICK).fit(frame).reconstruct(frame)
    assert explained(frame["b"], found["b"]) > 0.8
    assert explained(frame["a"], found["a"]) > 0.8


def test_columns_that_were_joined_cannot_be_given_back(X):
    frame = pd.DataFrame({"first": X["words"], "second": X["words"], "level": X["table"][:, 2]})
    modalities = [("texts", Text(), ["first", "second"]), ("level", Numeric(), ["level"])]
    fitted = MultiModalAutoencoder(modalities, **{**QUICK, "max_epochs": 1}).fit(frame)
    assert fitted.transform(frame).shape == (N, 16)
    with pytest.raises(ValueError, match=r"MultiModalAutoencoder: modality 'texts'.*'first', 'sec"):
        fitted.reconstruct(frame)


def test_names_of_the_components(X, fitted):
    names = fitted.get_feature_names_out()
    assert names.tolist() == [f"multimodalautoencoder{place}" for place in range(6)]


def test_linear_autoencoder_comes_near_principal_components(linear):
    table, settings = linear
    fitted = MultiModalAutoencoder(**settings).fit(table)
    scaled = (table - table.mean(axis=0)) / table.std(axis=0)
    pca = PCA(2).fit(scaled)
    best = np.mean((pca.inverse_transform(pca.transform(scaled)) - scaled) ** 2)
    found = (fitted.reconstruct(table) - table.mean(axis=0)) / table.std(axis=0)
    assert best <= np.mean((found - scaled) ** 2) < 1.3 * best + 1e-3


# From one to another -----------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["table", "photo", "words"])
def test_translation_tells_what_the_source_tells(source, X, fitted):
    colors = [text.split()[0] for text in X["words"]]
    found = fitted.translate(X, source=source, target="words")
    assert np.mean([text.split()[0] == c for text, c in zip(found, colors, strict=True)]) > 0.9
    assert explained(X["photo"], fitted.translate(X, source=source, target="photo")) > 0.5


@pytest.mark.parametrize("target", ["table", "photo", "words"])
def test_translation_never_looks_at_the_target_nor_needs_it(target, X, fitted):
    source = "words" if target == "table" else "table"
    found = fitted.translate(X, source=source, target=target)
    spoilt = MultiModalFrame({**dict(X), target: X[target][::-1]})
    for other in (X[[source]], spoilt, {source: X[source]}):
        np.testing.assert_array_equal(fitted.translate(other, source=source, target=target), found)
    of_others = MultiModalFrame({**dict(X), source: X[source][::-1]})
    changed = fitted.translate(of_others, source=source, target=target)
    assert not np.array_equal(changed, found)


def test_translation_is_the_reconstruction_from_the_sources_alone(X, fitted):
    for source in ("table", ["table", "words"]):
        names = [source] if isinstance(source, str) else source
        np.testing.assert_array_equal(
            fitted.translate(X, source=source, target="photo"),
            fitted.reconstruct(X[names])["photo"],
        )


def test_translation_to_itself_is_its_reconstruction(X, fitted):
    np.testing.assert_array_equal(
        fitted.translate(X, source="photo", target="photo"),
        fitted.reconstruct(X[["photo"]])["photo"],
    )


@pytest.mark.parametrize(
    ("source", "target", "unknown"),
    [("sound", "photo", "'sound'"), ("photo", "sound", "'sound'"), ([], "photo", r"\[\]")],
)
def test_translation_of_unknown_modalities_names_the_known(source, target, unknown, X, fitted):
    with pytest.raises(ValueError, match=f"MultiModalAutoencoder.*{unknown}.*'table', 'photo'"):
        fitted.translate(X, source=source, target=target)


def test_translation_of_a_sample_without_source_is_refused(X, fitted):
    words = X["words"].copy()
    words[5] = None
    frame = MultiModalFrame({**dict(X), "words": words})
    with pytest.raises(ValueError, match=r"MultiModalAutoencoder: 1 samples.*\[5\]"):
        fitted.translate(frame, source="words", target="photo")


# Filling in --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def flat(X):
    """Return a data frame of numbers and texts."""
    names = ["red", "green", "level", "tens"]
    return pd.DataFrame({**dict(zip(names, X["table"].T, strict=True)), "words": X["words"]})


@pytest.fixture(scope="module")
def flat_autoencoder(flat):
    modalities = [
        ("table", Numeric(), ["red", "green", "level", "tens"]),
        ("texts", Text(), "words"),
    ]
    return MultiModalAutoencoder(modalities, n_components=6, **QUICK).fit(flat)


@pytest.fixture(scope="module")
def gaps(flat):
    """Return the frame with rows that lack the text, the numbers, or one of the numbers."""
    frame = flat.copy()
    frame.loc[::4, "words"] = None
    frame.loc[1::4, ["red", "green", "level", "tens"]] = np.nan
    frame.loc[2::4, "tens"] = np.nan
    return frame


def check_filled(filled, gaps, flat):
    """Check pandas frames: what was there is there to the bit, and the rest is near the truth."""
    assert list(filled.columns) == list(gaps.columns)
    assert not filled.isna().any(axis=None)
    for name in gaps:
        there = gaps[name].notna().to_numpy()
        np.testing.assert_array_equal(filled[name][there].to_numpy(), gaps[name][there].to_numpy())
    missing = gaps["words"].isna()
    assert (filled["words"][missing] == flat["words"][missing]).mean() > 0.8
    missing = gaps["red"].isna()
    assert explained(flat["red"][missing], filled["red"][missing]) > 0.8
    one = gaps["tens"].isna() & gaps["level"].notna()  # told by its neighbour
    assert explained(flat["tens"][one], filled["tens"][one]) > 0.3


def test_impute_fills_a_pandas_frame(flat, gaps, flat_autoencoder):
    before = gaps.copy()
    filled = flat_autoencoder.impute(gaps)
    assert isinstance(filled, pd.DataFrame)
    pd.testing.assert_index_equal(filled.index, gaps.index)
    assert (filled.dtypes == gaps.dtypes).all()
    check_filled(filled, gaps, flat)
    pd.testing.assert_frame_equal(gaps, before)  # what was given is not changed


def test_impute_keeps_the_index_and_other_columns_of_a_pandas_frame(flat_autoencoder, gaps):
    frame = gaps.set_axis([f"row {row}" for row in range(N)]).assign(note=range(N))
    filled = flat_autoencoder.impute(frame)
    pd.testing.assert_index_equal(filled.index, frame.index)
    pd.testing.assert_series_equal(filled["note"], frame["note"])


def test_impute_fills_a_polars_frame(flat, gaps, flat_autoencoder):
    frame = pl.from_pandas(gaps)
    filled = flat_autoencoder.impute(frame)
    assert isinstance(filled, pl.DataFrame)
    assert filled.schema == frame.schema
    check_filled(filled.to_pandas(), gaps, flat)


def test_impute_fills_a_multimodal_frame(X, fitted):
    present = np.arange(N) % 4 != 0
    table = X["table"].copy()
    table[1::4] = np.nan
    frame = MultiModalFrame(
        {"table": table, "photo": X["photo"], "words": X["words"]},
        present={"photo": present, "words": present},
    )
    filled = fitted.impute(frame)
    assert isinstance(filled, MultiModalFrame)
    for name in X:
        assert filled.presence(name).all()
        assert filled[name].dtype == X[name].dtype
    np.testing.assert_array_equal(filled["photo"][present], X["photo"][present])
    np.testing.assert_array_equal(filled["words"][present], X["words"][present])
    there = np.arange(N) % 4 != 1
    np.testing.assert_array_equal(filled["table"][there], X["table"][there])
    assert explained(X["photo"][~present], filled["photo"][~present]) > 0.7
    assert (filled["words"][~present] == X["words"][~present]).mean() > 0.8
    assert explained(X["table"][~there], filled["table"][~there]) > 0.7
    np.testing.assert_array_equal(frame["photo"], X["photo"])


def test_impute_adds_a_modality_that_the_frame_lacks(X, fitted):
    filled = fitted.impute(X[["words", "table"]])
    assert explained(X["photo"], filled["photo"]) > 0.7
    np.testing.assert_array_equal(filled["words"], X["words"])


def test_impute_fills_images_in_a_column_of_objects(X, fitted):
    images = np.empty(N, dtype=object)
    images[:] = list(X["photo"])
    images[::4] = None
    filled = fitted.impute(MultiModalFrame({**dict(X), "photo": images}))
    assert all(image.shape == (8, 8, 3) for image in filled["photo"])
    np.testing.assert_array_equal(filled["photo"][1], X["photo"][1])
    assert explained(np.stack(X["photo"][::4]), np.stack(filled["photo"][::4])) > 0.7


@pytest.mark.slow
def test_impute_fills_an_array_with_nan(linear, rng):
    table, settings = linear
    fitted = MultiModalAutoencoder(
        [("left", Numeric(), slice(0, 3)), ("right", Numeric(), slice(3, 6))], **QUICK
    ).fit(table)
    holes = table.copy()
    holes[:20, :3] = np.nan  # absent
    holes[30:, 4] = np.nan  # a missing value
    before = holes.copy()
    filled = fitted.impute(holes)
    there = ~np.isnan(holes)
    assert filled.dtype == table.dtype
    np.testing.assert_array_equal(filled[there], table[there])
    assert explained(table[:20, :3], filled[:20, :3]) > 0.5
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(holes, before)
    alone = MultiModalAutoencoder(**settings).fit(table).impute(holes)
    np.testing.assert_array_equal(alone[there], table[there])
    assert np.isfinite(alone).all()


def test_impute_of_what_is_complete_changes_nothing(X, fitted, flat, flat_autoencoder):
    assert_same(fitted.impute(X), X)
    pd.testing.assert_frame_equal(flat_autoencoder.impute(flat), flat)


# How well it does --------------------------------------------------------------------------------


def test_score_samples_is_minus_the_mean_loss_of_what_is_present(X):
    modalities = [
        ("table", Numeric(scaling="standard"), "table"),
        ("words", Text(decoder=TokensDecoder("bag")), "words"),
    ]
    fitted = MultiModalAutoencoder(modalities, **{**QUICK, "max_epochs": 3}).fit(X)
    found = fitted.reconstruct(X)["table"]
    squares = ((found - X["table"]) / X["table"].std(axis=0)) ** 2
    only = X[["table"]]
    alone = ((fitted.reconstruct(only)["table"] - X["table"]) / X["table"].std(axis=0)) ** 2
    of_table, of_words = fitted.baselines_.values()
    np.testing.assert_allclose(fitted.score_samples(only), -alone.mean(axis=1) / of_table)
    scores = network_scores(fitted, X)["words"]
    block = fitted.modalities_[1][1].transform(X["words"])
    likely = np.take_along_axis(scores, block.values, axis=1)
    entropy = -(likely * block.mask).sum(axis=1) / block.mask.sum(axis=1)
    np.testing.assert_allclose(
        fitted.score_samples(X),
        -(squares.mean(axis=1) / of_table + entropy / of_words) / 2,
        rtol=1e-6,
    )


def network_scores(fitted, X):
    decoded = fitted.network_.decode(torch.from_numpy(fitted.transform(X)))
    return {name: scores.detach().log_softmax(dim=-1).numpy() for name, scores in decoded.items()}


def test_score_is_the_weighted_mean_over_the_samples(X, fitted, rng):
    weight, samples = rng.random(N), fitted.score_samples(X)
    assert fitted.score(X) == pytest.approx(samples.mean())
    assert fitted.score(X, sample_weight=weight) == pytest.approx(
        np.average(samples, weights=weight)
    )


def test_score_is_minus_the_loss_in_the_history(X):
    fitted = MultiModalAutoencoder(
        [("table", Numeric(), "table"), ("words", Text(encoder="lstm"), "words")],
        **{**QUICK, "max_epochs": 1, "learning_rate": 1e-12},
        weight_decay=0.0,
        modality_dropout=0.0,
    ).fit(X)
    assert fitted.score(X) == pytest.approx(-fitted.history_[0]["train_loss"], rel=1e-6)


def test_outliers_have_low_scores(linear):
    table, settings = linear
    fitted = MultiModalAutoencoder(**settings).fit(table)
    rng = np.random.default_rng(1)
    odd = table[:10] + 3 * table.std(axis=0) * rng.choice([-1, 1], size=(10, 6))
    assert fitted.score_samples(odd).max() < np.quantile(fitted.score_samples(table), 0.1)


def test_modalities_that_do_not_belong_together_have_low_scores(X, fitted):
    mixed = MultiModalFrame({**dict(X), "words": np.roll(X["words"], 1)})
    assert (fitted.score_samples(mixed) < fitted.score_samples(X)).mean() > 0.9


# Fitting -----------------------------------------------------------------------------------------


def test_absent_modality_is_not_asked_for(X):
    """Rows that lack the table must not pull its decoder towards what stands in its cells."""
    present = {"table": np.arange(N) < 30}
    table = X["table"].copy()
    table[30:] = 1e6
    frame = MultiModalFrame({"words": X["words"], "table": table}, present=present)
    fitted = MultiModalAutoencoder(**QUICK).fit(frame)
    found = fitted.translate(X, source="words", target="table")
    assert explained(X["table"], found) > 0.5


@pytest.mark.slow
def test_y_is_ignored_in_a_pipeline(X):
    labels = np.array([text.split()[0] for text in X["words"]])
    X = X[["table", "words"]]
    autoencoder = MultiModalAutoencoder(n_components=6, **QUICK)
    pipeline = make_pipeline(autoencoder, LogisticRegression())
    assert pipeline.fit(X, labels).score(X, labels) > 0.9
    autoencoder.set_params(max_epochs=3).fit(X, labels)
    with_y = autoencoder.transform(X)
    assert autoencoder.score(X, labels) == autoencoder.score(X)
    np.testing.assert_array_equal(autoencoder.fit(X).transform(X), with_y)
    np.testing.assert_array_equal(autoencoder.fit_transform(X, labels), with_y)


def test_partial_fit_learns_over_several_calls(X):
    X = X[["table", "words"]]
    autoencoder = MultiModalAutoencoder(learning_rate=0.01, random_state=0)
    for _ in range(15):
        autoencoder.partial_fit(X[:30]).partial_fit(X[30:])
    losses = [row["train_loss"] for row in autoencoder.history_]
    assert len(losses) == 30
    assert max(losses[-2:]) < 0.6 * min(losses[:2])


HELD_OUT = []


class RecordHeldOut(Callback):
    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        HELD_OUT[:] = dataset_valid.rows.tolist()


@pytest.mark.slow
def test_early_stopping_takes_the_weights_of_the_best_epochs(rng):
    table = rng.normal(size=(N, 20))  # noise: what is learned is overfitting
    autoencoder = MultiModalAutoencoder(
        n_components=8,
        validation=0.15,
        max_epochs=80,
        n_iter_no_change=5,
        learning_rate=0.02,
        callbacks=[RecordHeldOut()],
        random_state=0,
    ).fit(table)
    losses = [row["valid_loss"] for row in autoencoder.history_]
    assert int(np.argmin(losses)) + 1 < autoencoder.n_iter_ < 80
    found = -autoencoder.score(table[HELD_OUT])  # of the best epoch alone, or of a mean
    assert min(losses) - 0.1 < found <= min(losses) * (1 + 1e-6)


class Flat(nn.Module):
    """A user's decoder."""

    def __init__(self, width, spec):
        super().__init__()
        self.linear = nn.Linear(width, spec.size)
        self.shape = spec.shape

    def forward(self, latent):
        return self.linear(latent).unflatten(-1, self.shape)


def test_module_of_ones_own_stands_in_for_a_decoder(X):
    image = Image(encoder="mlp", decoder=Flat)
    modalities = [("photo", image, "photo"), ("words", Text(), "words")]
    fitted = MultiModalAutoencoder(modalities, n_components=6, **QUICK).fit(X)
    assert type(fitted.network_.decoders["photo"]) is Flat
    assert explained(X["photo"], fitted.reconstruct(X)["photo"]) > 0.7


def test_the_classic_image_text_network_is_built_from_components(rng):
    image = Image(
        scaling="unit",
        encoder=CNNEncoder(
            (32, 64), width=None, patch_size=1, normalize=False, max_shift=0, dropout=0.0
        ),
        decoder=CNNDecoder((64, 32), activation="sigmoid"),
    )
    text = Text(
        max_length=5,
        max_words=12,
        max_pairs=0,
        encoder=LSTMEncoder(64, embedding_width=16),
        decoder=TokensDecoder(width=8),
    )
    X = MultiModalFrame(
        {
            "image": rng.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8),
            "text": [" ".join(rng.choice(list("abcdefghijklm"), 9)) for _ in range(20)],
        }
    )
    autoencoder = MultiModalAutoencoder(
        [("image", image, "image"), ("text", text, "text")],
        fusion=ConcatFusion(width=0),
        n_components=128,
        max_epochs=1,
        modality_dropout=0.0,
        random_state=0,
    ).fit(X)
    shapes = {name: tuple(w.shape) for name, w in autoencoder.network_.named_parameters()}
    convolutions = [shape for shape in shapes.values() if len(shape) == 4]
    assert convolutions == [(32, 3, 3, 3), (64, 32, 3, 3), (32, 64, 3, 3), (3, 32, 3, 3)]
    assert shapes["encoders.text.embedding.embed.weight"] == (12, 16)
    assert shapes["encoders.text.recurrence.weight_hh_l0"] == (4 * 64, 64)
    assert shapes["bottleneck.weight"] == (128, 64 * 8 * 8 + 64)
    # No other layer stands between the modalities and the shared representation.
    linear = [shape for name, shape in shapes.items() if "encoders" in name and len(shape) == 2]
    assert len(linear) == 3
    latent = autoencoder.transform(X)
    assert latent.shape == (20, 128)
    # The dense layer is linear, and so the latent is a sum of what each modality brings.
    nothing = autoencoder.network_.bottleneck.bias.detach().numpy()
    alone = autoencoder.transform(X[["image"]]) + autoencoder.transform(X[["text"]])
    np.testing.assert_allclose(alone - nothing, latent, atol=1e-5)


def test_more_components_tell_more(linear):
    table, settings = linear
    scores = [
        MultiModalAutoencoder(**{**settings, "n_components": n}).fit(table).score(table)
        for n in (1, 2)
    ]
    assert scores[1] > scores[0] + 0.1


@pytest.mark.slow
def test_pixels_between_zero_and_one_are_learned_by_binary_cross_entropy(X):
    image = listed()[1][1].set_params(scaling="unit", loss="binary_cross_entropy")
    modalities = [("photo", image, "photo"), ("words", Text(), "words")]
    fitted = MultiModalAutoencoder(modalities, n_components=6, **QUICK).fit(X)
    found = fitted.reconstruct(X)["photo"]
    assert found.dtype == np.uint8
    assert explained(X["photo"], found) > 0.7


def test_impute_refuses_what_is_not_decoded_into_what_came_in():
    rng = np.random.default_rng(0)
    sound = Audio.example(20, rng)
    X = MultiModalFrame(
        {"sound": sound, "table": rng.normal(size=(20, 2))},
        present={"sound": np.arange(20) > 2},
    )
    modalities = [("sound", Audio(n_mels=8), "sound"), ("table", "numeric", "table")]
    autoencoder = MultiModalAutoencoder(modalities, max_epochs=1, random_state=0).fit(X)
    with pytest.raises(ModalityError, match="modality 'sound' is absent.*Audio cannot"):
        autoencoder.impute(X)


def test_translate_names_the_sources_alone_where_they_are_absent():
    rng = np.random.default_rng(0)
    X = MultiModalFrame(
        {"a": rng.normal(size=(20, 2)), "b": rng.normal(size=(20, 2))},
        present={"a": np.arange(20) > 0},
    )
    autoencoder = MultiModalAutoencoder(max_epochs=1, random_state=0).fit(X)
    with pytest.raises(ModalityError, match=r"1 samples have none of the modalities \['a'\]"):
        autoencoder.translate(X, source="a", target="b")


def test_what_no_sample_of_fit_had_is_neither_decoded_nor_filled_nor_read():
    rng = np.random.default_rng(0)
    X = MultiModalFrame({name: rng.normal(size=(20, 2)) for name in "abc"})
    missing = np.where(np.arange(20)[:, np.newaxis] < 5, np.nan, X["c"])
    X = MultiModalFrame({**dict(X), "c": missing})
    autoencoder = MultiModalAutoencoder(n_components=2, max_epochs=2, random_state=0)
    with pytest.warns(UserWarning, match="modality 'c': it is absent in all samples"):
        autoencoder.fit(X[:5])
    assert list(autoencoder.reconstruct(X)) == ["a", "b"]
    np.testing.assert_array_equal(autoencoder.impute(X)["c"], missing)
    message = r"\['c'\] are not among the modalities \['a', 'b'\]: \['c'\] are absent in all"
    with pytest.raises(ValueError, match=message):
        autoencoder.translate(X, source="a", target="c")
    with pytest.raises(ValueError, match=message):
        autoencoder.translate(X, source="c", target="a")


@pytest.fixture(scope="module")
def ids():
    """Twenty rows of ids, two of them shorter, in a table; the fourth is absent."""
    table = np.random.default_rng(0).integers(0, 5, (20, 4)).astype(float)
    table[1, 2:] = table[2, 3:] = table[3] = np.nan
    return table


def impute_ids(X, columns):
    modalities = [("ids", Text(tokenizer="ids"), columns), ("x", Numeric(), ["x"])]
    fitted = MultiModalAutoencoder(modalities, n_components=2, max_epochs=2, random_state=0).fit(X)
    return fitted.impute(X)


@pytest.mark.parametrize("form", [list, tuple, np.array])
def test_impute_fills_rows_of_ids_with_rows_of_ids(ids, form):
    column = np.empty(20, dtype=object)
    for row, numbers in enumerate(ids.tolist()):
        column[row] = form([int(number) for number in numbers if number == number])
    column[3] = None
    frame = pd.DataFrame({"x": np.arange(20.0), "ids": column})
    filled = impute_ids(frame, "ids")["ids"]
    assert type(filled[3]) is type(column[0])
    assert all(isinstance(id_, int | np.integer) for id_ in filled[3])
    for row in (0, 1, 2, 4):
        assert filled[row] is column[row]


def test_impute_fills_a_table_of_ids_where_it_is_absent_and_not_behind_an_end(ids):
    filled = impute_ids(MultiModalFrame({"ids": ids, "x": np.arange(20.0)}), "ids")["ids"]
    there = np.arange(20) != 3
    np.testing.assert_array_equal(filled[there], ids[there])
    found = filled[3][~np.isnan(filled[3])]
    assert len(found)
    assert set(found) <= set(range(5))


def test_impute_fills_columns_of_ids(ids):
    frame = pd.DataFrame(ids, columns=list("abcd")).assign(x=np.arange(20.0))
    filled = impute_ids(frame, list("abcd"))
    table = impute_ids(MultiModalFrame({"ids": ids, "x": np.arange(20.0)}), "ids")["ids"]
    np.testing.assert_array_equal(filled[list("abcd")], table)


def test_impute_fills_dates_with_dates():
    days = pd.Series(pd.date_range("2020-01-01", periods=20), dtype=object)
    days[3] = None
    X = pd.DataFrame({"day": days, "text": ["early"] * 10 + ["late"] * 10})
    modalities = [("day", Numeric(), ["day"]), ("text", Text(), "text")]
    fitted = MultiModalAutoencoder(modalities, n_components=2, max_epochs=2, random_state=0).fit(X)
    filled = fitted.impute(X)["day"]
    assert days[0] <= filled[3] <= days[19]
    assert filled.drop(3).tolist() == days.drop(3).tolist()


@pytest.mark.slow
def test_a_modality_that_few_samples_have_is_learned_and_stops_nothing(rng):
    kind = rng.integers(0, 3, 200)
    a, b = kind[:, None] + rng.normal(size=(200, 4)), kind[:, None] + rng.normal(size=(200, 3))
    for n_having in (3, 10):
        there = np.zeros(200, bool)
        there[rng.permutation(200)[:n_having]] = True
        X = MultiModalFrame({"a": a, "b": b}, present={"b": there})
        fitted = MultiModalAutoencoder(
            validation=0.15, max_epochs=40, learning_rate=0.01, random_state=0
        ).fit(X)
        losses = [row["valid_loss"] for row in fitted.history_]
        assert min(losses) > 0
        assert fitted.score(X[["a"]]) > -0.1


def test_what_is_no_name_is_refused(fitted, X):
    said = "MultiModalAutoencoder: translate takes source, a name"
    for source, target in [("table", ["words"]), (None, "words"), (0, "words")]:
        with pytest.raises(TypeError, match=said):
            fitted.translate(X, source=source, target=target)
    with pytest.raises(NotFittedError):
        _ = MultiModalAutoencoder().baselines_
