"""What all estimators share when they are fitted: weights, going on, interruption, own modules."""

import pickle
import signal

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss
from skorch.callbacks import Callback
from torch import nn

from sklearn_crossmodal import FusionClassifier, Image, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.nn.decoders import RecurrentDecoder
from sklearn_crossmodal.nn.fusion import ConcatFusion
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators("network")]
N = 40


@pytest.fixture(scope="module")
def y(targets):
    return targets["FusionClassifier"]


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("modality", ["table", "words", "photo"])
def test_every_modality_is_heard(name, modality, X, targets, make, numbers):
    fitted = make(name).fit(X, targets[name])
    other = X[modality][::-1]
    perturbed = MultiModalFrame({**dict(X), modality: other})
    changed = np.abs(numbers(fitted, perturbed) - numbers(fitted, X)).max(axis=-1)
    assert (changed > 0).mean() > 0.9


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_second_fit_keeps_nothing_of_the_first(name, X, targets, make):
    estimator = make(name).fit(X, targets[name])
    size = len(pickle.dumps(estimator))
    assert len(pickle.dumps(estimator.fit(X, targets[name]))) == pytest.approx(size, rel=0.01)


@pytest.mark.parametrize("n_folds", [None, 2])
def test_the_network_is_left_in_evaluation_mode(n_folds, rng):
    X = MultiModalFrame({"a": rng.normal(size=(N, 2)), "b": rng.normal(size=(N, 2))})
    clf = FusionClassifier(n_folds=n_folds, max_epochs=1).fit(X, np.arange(N) % 2)
    assert not any(module.training for module in clf.network_.modules())


# Weights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sample_of_weight_zero_is_not_there(name, X, targets, make, numbers):
    y, kept = targets[name], np.arange(N) % 4 != 0
    weighted = make(name).fit(X, y, sample_weight=kept.astype(float))
    without = make(name).fit(X[kept], None if y is None else y[kept])
    np.testing.assert_allclose(numbers(weighted, X), numbers(without, X), rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ESTIMATORS)
def test_weights_of_one_scale_are_the_same(name, X, targets, make, numbers, rng):
    weight = rng.random(N) + 0.5
    answers = [
        numbers(make(name, dtype="float64").fit(X, targets[name], sample_weight=scale * weight), X)
        for scale in (1, 1000)
    ]
    np.testing.assert_allclose(*answers, rtol=1e-6)
    unweighted = numbers(make(name, dtype="float64").fit(X, targets[name]), X)
    assert not np.allclose(answers[0], unweighted)


# Going on ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
def test_partial_fit_keeps_the_modalities_of_its_first_call(name, X, targets, make, numbers):
    y = targets[name]
    estimator = make(name).partial_fit(X[:20], None if y is None else y[:20])
    fitted = estimator.modalities_
    words = np.array(["words that were never there"] * 20, dtype=object)
    other = MultiModalFrame({**dict(X[20:]), "words": words})
    estimator.partial_fit(other, None if y is None else y[20:])
    assert [name for name, *_ in estimator.modalities_] == [name for name, *_ in fitted]
    for (_, before, _), (_, after, _) in zip(fitted, estimator.modalities_, strict=True):
        assert after.spec_ == before.spec_
    assert "there" in estimator.modalities_[1][1].tokenizer_.vocabulary_  # there was room
    assert "there" not in fitted[1][1].tokenizer_.vocabulary_
    assert np.isfinite(numbers(estimator, X)).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_partial_fit_holds_nothing_out(name, X, targets, make):
    estimator = make(name, validation=0.15)
    estimator.partial_fit(X, targets[name])
    assert "valid_loss" not in estimator.history_[0]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_partial_fit_goes_on_from_a_fit(name, X, targets, make, numbers):
    estimator = make(name, max_epochs=10).fit(X, targets[name])
    before = numbers(estimator, X)
    estimator.set_params(learning_rate=1e-3).partial_fit(X, targets[name])
    assert estimator.n_iter_ == 11
    after = numbers(estimator, X)
    fresh = numbers(make(name).partial_fit(X, targets[name]), X)
    assert 0 < np.abs(after - before).mean() < np.abs(fresh - before).mean()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_warm_start_goes_on_from_the_fitted_network(name, X, targets, make):
    estimator = make(name, warm_start=True, max_epochs=10).fit(X, targets[name])
    first = [row["train_loss"] for row in estimator.history_]
    estimator.fit(X, targets[name])
    losses = [row["train_loss"] for row in estimator.history_]
    assert losses[:10] == first
    assert losses[-1] < losses[0]
    assert abs(losses[10] - losses[9]) < abs(losses[10] - losses[0])  # it did not start anew


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fit_without_warm_start_forgets(name, X, targets, make, numbers):
    estimator = make(name).fit(X[:10], None if targets[name] is None else targets[name][:10])
    estimator.fit(X, targets[name])
    fresh = make(name).fit(X, targets[name])
    np.testing.assert_array_equal(numbers(estimator, X), numbers(fresh, X))


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_three_calls_of_one_epoch_are_one_call_of_three(
    name, optimizer, method, X, targets, make, numbers
):
    # One batch of all samples and no dropout: the order of samples is all that else differs.
    settings = {
        "modalities": [("table", Numeric(), "table")],
        "fusion": "sum",
        "optimizer": optimizer,
        "learning_rate": 0.01,
        "learning_rate_schedule": "constant",
        "batch_size": N,
    }
    if name == "CrossModalGenerator":
        settings["decoder"] = RecurrentDecoder(dropout=0.0)
    if name == "CrossModalRegressor":
        settings |= {"target": Numeric(scaling="standard"), "input_noise": 0.0, "n_folds": None}
    once = make(name, max_epochs=3, **settings).fit(X, targets[name])
    again = make(name, max_epochs=1, warm_start=True, **settings)
    for _ in range(3):
        getattr(again, method)(X, targets[name])
    np.testing.assert_allclose(numbers(again, X), numbers(once, X), rtol=1e-12)


def test_warm_start_takes_new_callbacks(X, y, make):
    class Record(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.history.record("seen", 1.0)

    clf = make("FusionClassifier", warm_start=True).fit(X, y)
    clf.set_params(callbacks=[Record()]).fit(X, y)
    assert ["seen" in row for row in clf.history_] == [False] * 3 + [True] * 3


def test_warm_start_takes_a_new_learning_rate(X, y, make):
    clf = make("FusionClassifier", warm_start=True).fit(X, y)
    before = clf.predict_proba(X)
    clf.set_params(learning_rate=1e-12, weight_decay=0.0).fit(X, y)
    np.testing.assert_allclose(clf.predict_proba(X), before, rtol=1e-4)


def test_warm_start_takes_a_new_batch_size(X, y, make):
    watched = {"callbacks": [Callback()]}  # without any, batches are not recorded
    clf = make("FusionClassifier", warm_start=True, batch_size=20, **watched).fit(X, y)
    clf.set_params(batch_size=10).fit(X, y)
    assert len(clf.net_.history[-1]["batches"]) == 4


def test_warm_start_takes_a_new_verbosity(X, y, make, capsys):
    clf = make("FusionClassifier", warm_start=True).fit(X, y)
    clf.set_params(verbose=1).fit(X, y)
    assert len(capsys.readouterr().out.splitlines()) == 3


# Interruption ------------------------------------------------------------------------------------


HELD_OUT = []


class RecordHeldOut(Callback):
    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        HELD_OUT[:] = dataset_valid.rows.tolist()


class PressControlC(Callback):
    def __init__(self, epoch=2):
        self.epoch = epoch

    def on_batch_begin(self, net, training=None, **kwargs):
        if training and len(net.history) == self.epoch:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("epoch", [1, 3])
def test_interrupt_ends_training_and_leaves_a_usable_estimator(
    name, epoch, X, targets, make, numbers
):
    estimator = make(name, max_epochs=9, callbacks=[PressControlC(epoch)])
    with pytest.warns(InterruptedFitWarning, match=f"interrupted in epoch {epoch};.* usable"):
        estimator.fit(X, targets[name])
    assert estimator.n_iter_ == epoch
    assert np.isfinite(numbers(estimator, X)).all()
    again = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(numbers(again, X), numbers(estimator, X))


def test_interrupt_restores_the_best_epoch():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 20)), rng.choice(["a", "b"], 60)  # all training is overfitting
    clf = FusionClassifier(
        validation=0.15,
        max_epochs=60,
        n_iter_no_change=50,
        learning_rate=0.02,
        callbacks=[RecordHeldOut(), PressControlC(30)],
        random_state=0,
    )
    with pytest.warns(InterruptedFitWarning):
        clf.fit(X, y)
    losses = [row["valid_loss"] for row in clf.history_ if "valid_loss" in row]
    assert int(np.argmin(losses)) < 25
    restored = log_loss(y[HELD_OUT], clf.predict_proba(X[HELD_OUT]), labels=["a", "b"])
    assert restored == pytest.approx(min(losses), rel=1e-6)


def test_interrupted_estimator_can_be_fitted_again(X, y, make):
    clf = make("FusionClassifier", callbacks=[PressControlC(2)], warm_start=True)
    with pytest.warns(InterruptedFitWarning):
        clf.fit(X, y)
    clf.fit(X, y)
    assert clf.n_iter_ == 5
    assert clf.set_params(warm_start=False, callbacks=None).fit(X, y).n_iter_ == 3


# Modules of one's own ----------------------------------------------------------------------------


class Pixels(nn.Module):
    """An encoder that takes only `x`, and does not tell its width."""

    def __init__(self, spec):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(spec.size, 6), nn.Tanh())

    def forward(self, x):
        return self.layers(x)


class Words(nn.Module):
    """An encoder that takes `x` and `mask`."""

    def __init__(self, spec):
        super().__init__()
        self.embedding = nn.Embedding(spec.n_categories, 5)
        self.out_features = 5

    def forward(self, x, mask):
        steps = self.embedding(x) * mask.unsqueeze(-1)
        return steps.sum(dim=1)


class Product(nn.Module):
    """A fusion that takes only the latents."""

    def __init__(self, widths):
        super().__init__()
        self.maps = nn.ModuleList([nn.Linear(width, 7) for width in widths])

    def forward(self, latents):
        product = 1.0
        for project, latent in zip(self.maps, latents, strict=True):
            product = product * project(latent)
        return product


@pytest.mark.parametrize("name", ESTIMATORS)
def test_modules_of_ones_own_stand_in_for_encoders_and_fusion(name, X, targets, make, numbers):
    modalities = [
        ("words", Text(encoder=Words), "words"),
        ("photo", Image(encoder=Pixels), "photo"),
    ]
    estimator = make(name, modalities=modalities, fusion=Product, max_epochs=2)
    estimator.fit(X, targets[name])
    kinds = [type(module) for module in estimator.network_.modules()]
    assert {Words, Pixels, Product} <= set(kinds)
    assert estimator.network_.fusion.out_features == 7
    one = estimator.network_.fusion.module.maps[0].weight.detach().clone()
    estimator.partial_fit(X, targets[name])
    assert not torch.equal(estimator.network_.fusion.module.maps[0].weight, one)  # it is trained
    copied = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(numbers(copied, X), numbers(estimator, X))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_instance_of_a_module_is_copied_not_trained(name, X, targets, make):
    mine = nn.Sequential(nn.Flatten(), nn.Linear(8 * 8 * 3, 4))
    before = mine[1].weight.detach().clone()
    modalities = [("photo", Image(encoder=mine), "photo"), ("table", Numeric(), "table")]
    estimator = make(name, modalities=modalities).fit(X, targets[name])
    assert torch.equal(mine[1].weight, before)
    assert mine[1].weight.dtype == torch.float32
    assert mine not in list(estimator.network_.modules())


def test_factory_is_called_with_the_spec_and_the_widths(X, y, make):
    seen = []

    def encoder(spec):
        seen.append((spec.kind, spec.shape))
        return nn.Sequential(nn.Flatten(), nn.Linear(spec.size, 3))

    def fusion(widths):
        seen.append(list(widths))
        return ConcatFusion().build(widths)

    modalities = [("photo", Image(encoder=encoder), "photo"), ("table", Numeric(), "table")]
    make("FusionClassifier", modalities=modalities, fusion=fusion).fit(X, y)
    assert seen == [("grid", (3, 8, 8)), [3, 64]]


def test_factory_that_returns_no_module_is_refused(X, y, make):
    modalities = [("table", Numeric(encoder=lambda spec: 3), "table")]
    with pytest.raises(TypeError, match=r"FusionClassifier: modality 'table'.*int, not an nn.Mod"):
        make("FusionClassifier", modalities=modalities).fit(X, y)


def test_dropout_goes_on_over_calls_of_partial_fit_instead_of_starting_anew(X, targets, make):
    drawn = []

    class Drawing(nn.Module):
        def __init__(self, spec):
            super().__init__()
            self.linear = nn.Linear(spec.size, 4)

        def forward(self, values):
            if self.training:
                drawn.append(torch.rand(1).item())
            return self.linear(values)

    modalities = [("table", Numeric(encoder=Drawing), "table")]
    clf = make("FusionClassifier", modalities=modalities, batch_size=N)
    for _ in range(4):
        clf.partial_fit(X, targets["FusionClassifier"])
    assert len(set(drawn)) == 4
