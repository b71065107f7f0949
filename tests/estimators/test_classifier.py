import pickle
import signal

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, log_loss, recall_score
from torch import nn

from sklearn_crossmodal import FusionClassifier, Image, MultiModalFrame, Numeric, Text
from sklearn_crossmodal.datasets import make_multimodal_classification
from sklearn_crossmodal.exceptions import InterruptedFitWarning
from sklearn_crossmodal.nn.fusion import ConcatFusion
from sklearn_crossmodal.utils.discovery import all_estimators

ESTIMATORS = [name for name, _ in all_estimators()]
N = 40

#: Nothing random but the first weights: the loss in the history is that of the network.
PLAIN = {"learning_rate": 1e-12, "weight_decay": 0.0, "modality_dropout": 0.0, "max_epochs": 1}


@pytest.fixture(scope="module")
def y(targets):
    return targets["FusionClassifier"]


@pytest.fixture(scope="module")
def flowers():
    """Return 60 flowers of three kinds as two modalities, with their names."""
    data = load_iris()
    rows = np.arange(0, 150, 5)
    X = MultiModalFrame({"sepal": data.data[rows, :2], "petal": data.data[rows, 2:]})
    return X, data.target_names[data.target[rows]]


@pytest.fixture(scope="module")
def noise():
    """Return a table with random labels, on which any training is overfitting."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 20)), rng.choice(["a", "b"], 60)


# What it answers ---------------------------------------------------------------------------------


def test_answers_are_the_labels_given_as_strings(flowers):
    X, y = flowers
    clf = FusionClassifier(max_epochs=40, learning_rate=0.02, random_state=0).fit(X, y)
    assert clf.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert clf.predict(X).dtype == y.dtype
    assert clf.score(X, y) > 0.9


@pytest.mark.parametrize(
    "labels", [[False, True], [3, -1], [0.0, 1.0], np.array(["x", "y"], dtype=object)]
)
def test_answers_have_the_type_of_the_labels(labels, X, y, make):
    labels = np.asarray(labels)[(y == "yes").astype(int)]
    predicted = make("FusionClassifier").fit(X, labels).predict(X)
    assert predicted.dtype == labels.dtype
    assert set(predicted) <= set(labels)


def test_probabilities_scores_and_classes_agree(flowers):
    X, y = flowers
    clf = FusionClassifier(max_epochs=3, random_state=0).fit(X, y)
    probabilities = clf.predict_proba(X)
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(clf.predict_log_proba(X)), probabilities)
    scores = clf.decision_function(X)
    np.testing.assert_allclose(
        np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), probabilities
    )
    np.testing.assert_array_equal(clf.predict(X), clf.classes_[probabilities.argmax(axis=1)])


def test_decision_of_two_classes_is_one_number_a_sample(X, y, make):
    clf = make("FusionClassifier").fit(X, y)
    scores = clf.decision_function(X)
    assert scores.shape == (N,)
    np.testing.assert_allclose(1 / (1 + np.exp(-scores)), clf.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(clf.predict(X) == "yes", scores > 0)


def test_score_is_the_weighted_accuracy(X, y, make, rng):
    clf = make("FusionClassifier").fit(X, y)
    right, weight = clf.predict(X) == y, rng.random(N)
    assert clf.score(X, y) == pytest.approx(right.mean())
    assert clf.score(X, y, sample_weight=weight) == pytest.approx(np.average(right, weights=weight))


def test_head_is_linear_in_the_fused_latent(X, y, make):
    clf = make("FusionClassifier").fit(X, y)
    latent = clf.transform(X)
    assert latent.shape == (N, clf.network_.fusion.out_features)
    assert latent.dtype == np.float64
    design = np.column_stack([latent, np.ones(N)])
    scores = clf.decision_function(X)
    fit, *_ = np.linalg.lstsq(design, scores)
    np.testing.assert_allclose(design @ fit, scores, atol=1e-8)


# What it learns ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("modality", ["table", "words", "photo"])
def test_every_modality_is_heard(name, modality, X, targets, make, numbers):
    fitted = make(name).fit(X, targets[name])
    other = X[modality][::-1]
    perturbed = MultiModalFrame({**dict(X), modality: other})
    changed = np.abs(numbers(fitted, perturbed) - numbers(fitted, X)).max(axis=-1)
    assert (changed > 0).mean() > 0.9


@pytest.mark.parametrize(
    ("fusion", "low", "high"),
    [
        ("concat", 0.9, 1.0),
        ("max", 0.9, 1.0),
        ("attention", 0.9, 1.0),
        ("low_rank", 0.9, 1.0),
        ("tensor", 0.9, 1.0),
        ("late", 0.2, 0.8),  # a sum of what each tells gets three of the four corners right
    ],
)
def test_what_only_both_modalities_tell_is_learned_unless_fusion_is_late(fusion, low, high):
    X, y = make_multimodal_classification(
        260, n_features=1, redundant=0, unique=0, synergy=1, class_sep=5.0, random_state=0
    )
    clf = FusionClassifier(fusion=fusion, max_epochs=40, learning_rate=0.01, random_state=0)
    score = clf.fit(X[:60], y[:60]).score(X[60:], y[60:])
    assert low <= score <= high


def test_loss_in_the_history_is_the_mean_cross_entropy(X, y, make):
    modalities = [("table", Numeric(), "table")]
    clf = make("FusionClassifier", modalities=modalities, batch_size=17, **PLAIN).fit(X, y)
    expected = log_loss(y, clf.predict_proba(X))
    assert clf.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


def test_loss_in_the_history_is_weighted(X, y, make, rng):
    modalities, weight = [("table", Numeric(), "table")], rng.random(N)
    clf = make("FusionClassifier", modalities=modalities, batch_size=17, **PLAIN)
    clf.fit(X, y, sample_weight=weight)
    expected = log_loss(y, clf.predict_proba(X), sample_weight=weight)
    assert clf.history_[0]["train_loss"] == pytest.approx(expected, rel=1e-6)


def test_history_has_a_row_for_each_epoch(X, y, make):
    clf = make("FusionClassifier", early_stopping=True, max_epochs=4).fit(X, y)
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3, 4]
    assert {key for row in clf.history_ for key in row} == {
        *("epoch", "train_loss", "valid_loss", "valid_loss_best", "dur")
    }
    for row in clf.history_:
        assert isinstance(row["valid_loss_best"], bool)
        assert 0 < row["dur"] < 60
    assert clf.n_iter_ == 4


# Weights -----------------------------------------------------------------------------------------


def test_class_weight_is_a_sample_weight(X, y, make):
    by_class = make("FusionClassifier", class_weight={"no": 3.0}).fit(X, y)
    by_sample = make("FusionClassifier").fit(X, y, sample_weight=np.where(y == "no", 3.0, 1.0))
    np.testing.assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X))


def test_class_weight_is_multiplied_by_the_sample_weight(X, y, make, rng):
    weight = rng.random(N)
    both = make("FusionClassifier", class_weight={"no": 3.0}).fit(X, y, sample_weight=weight)
    by_sample = make("FusionClassifier")
    by_sample.fit(X, y, sample_weight=weight * np.where(y == "no", 3.0, 1.0))
    np.testing.assert_allclose(both.predict_proba(X), by_sample.predict_proba(X))


def test_balanced_classes_count_the_same(X, make):
    y = np.repeat(["many", "few"], [30, 10])
    balanced = make("FusionClassifier", class_weight="balanced").fit(X, y)
    by_hand = make("FusionClassifier", class_weight={"many": 40 / 60, "few": 40 / 20}).fit(X, y)
    np.testing.assert_allclose(balanced.predict_proba(X), by_hand.predict_proba(X))


def test_balanced_classes_raise_the_recall_of_the_rare():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [52, 8])
    X = rng.normal(size=(60, 1)) + y[:, np.newaxis]
    clf = FusionClassifier(max_epochs=30, learning_rate=0.01, random_state=0)
    recalls = [
        recall_score(y, clf.set_params(class_weight=weight).fit(X, y).predict(X))
        for weight in (None, "balanced")
    ]
    assert recalls[1] > recalls[0] + 0.2


@pytest.mark.parametrize("name", ESTIMATORS)
def test_sample_of_weight_zero_is_not_there(name, X, targets, make, numbers):
    y, kept = targets[name], np.arange(N) % 4 != 0
    weighted = make(name).fit(X, y, sample_weight=kept.astype(float))
    without = make(name).fit(X[kept], None if y is None else y[kept])
    np.testing.assert_allclose(numbers(weighted, X), numbers(without, X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_weights_of_one_scale_are_the_same(name, X, targets, make, numbers, rng):
    weight = rng.random(N) + 0.5
    answers = [
        numbers(make(name).fit(X, targets[name], sample_weight=scale * weight), X)
        for scale in (1, 1000)
    ]
    np.testing.assert_allclose(*answers, rtol=1e-6)
    unweighted = numbers(make(name).fit(X, targets[name]), X)
    assert not np.allclose(answers[0], unweighted)


def test_heavy_samples_win(make):
    X = np.zeros((40, 1))
    y = np.repeat(["no", "yes"], 20)
    clf = FusionClassifier(learning_rate=0.05, max_epochs=60, random_state=0)
    clf.fit(X, y, sample_weight=np.where(y == "no", 9.0, 1.0))
    assert clf.predict_proba(X)[0, 0] == pytest.approx(0.9, abs=0.03)


# Going on ----------------------------------------------------------------------------------------


def test_partial_fit_learns_over_several_calls(flowers):
    X, y = flowers
    clf = FusionClassifier(learning_rate=0.02, random_state=0)
    for epoch in range(40):
        half = slice(0, None, 2) if epoch % 2 else slice(1, None, 2)
        clf.partial_fit(X[half], y[half], classes=np.unique(y))
    assert clf.score(X, y) > 0.9
    assert clf.n_iter_ == 40
    assert clf.history_[-1]["train_loss"] < 0.5 * clf.history_[0]["train_loss"]


def test_partial_fit_knows_classes_that_its_first_samples_lack(X, y, make):
    clf = make("FusionClassifier").partial_fit(X[y == "no"], y[y == "no"], classes=["no", "yes"])
    assert clf.classes_.tolist() == ["no", "yes"]
    assert clf.predict_proba(X).shape == (N, 2)
    assert clf.partial_fit(X, y).n_iter_ == 2


def test_partial_fit_refuses_a_class_it_was_not_told_of(X, y, make):
    clf = make("FusionClassifier").partial_fit(X, y)
    maybe = np.where(np.arange(N) < 3, "maybe", y)
    with pytest.raises(ValueError, match=r"FusionClassifier.*'maybe'.*'no', 'yes'.*`classes`"):
        clf.partial_fit(X, maybe)
    with pytest.raises(ValueError, match="'no'"):
        make("FusionClassifier").partial_fit(X, y, classes=["yes", "maybe"])


def test_partial_fit_refuses_other_classes_than_in_its_first_call(X, y, make):
    clf = make("FusionClassifier").partial_fit(X, y, classes=["no", "yes"])
    with pytest.raises(ValueError, match="classes"):
        clf.partial_fit(X, y, classes=["no", "yes", "maybe"])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_partial_fit_keeps_the_modalities_of_its_first_call(name, X, targets, make, numbers):
    y = targets[name]
    estimator = make(name).partial_fit(X[:20], None if y is None else y[:20])
    fitted = estimator.modalities_
    words = np.array(["words that were never there"] * 20, dtype=object)
    other = MultiModalFrame({**dict(X[20:]), "words": words})
    estimator.partial_fit(other, None if y is None else y[20:])
    assert estimator.modalities_ is fitted
    assert np.isfinite(numbers(estimator, X)).all()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_partial_fit_holds_nothing_out(name, X, targets, make):
    estimator = make(name, early_stopping=True)
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


def test_warm_start_takes_a_new_learning_rate(X, y, make):
    clf = make("FusionClassifier", warm_start=True).fit(X, y)
    before = clf.predict_proba(X)
    clf.set_params(learning_rate=1e-12, weight_decay=0.0).fit(X, y)
    np.testing.assert_allclose(clf.predict_proba(X), before, rtol=1e-4)


def test_warm_start_takes_a_new_batch_size(X, y, make):
    clf = make("FusionClassifier", warm_start=True, batch_size=20).fit(X, y)
    clf.set_params(batch_size=10).fit(X, y)
    assert len(clf.net_.history[-1]["batches"]) == 4


def test_warm_start_takes_a_new_verbosity(X, y, make, capsys):
    clf = make("FusionClassifier", warm_start=True).fit(X, y)
    clf.set_params(verbose=1).fit(X, y)
    assert len(capsys.readouterr().out.splitlines()) == 3


# The best epoch ----------------------------------------------------------------------------------

HELD_OUT = []


class RecordHeldOut(Callback):
    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        HELD_OUT[:] = dataset_valid.rows.tolist()


def test_early_stopping_restores_the_best_epoch(noise):
    X, y = noise
    clf = FusionClassifier(
        early_stopping=True,
        max_epochs=60,
        n_iter_no_change=5,
        learning_rate=0.02,
        callbacks=[RecordHeldOut()],
        random_state=0,
    ).fit(X, y)
    losses = [row["valid_loss"] for row in clf.history_]
    best = int(np.argmin(losses))
    assert best + 1 < clf.n_iter_ < 60  # else there is nothing to restore
    restored = log_loss(y[HELD_OUT], clf.predict_proba(X[HELD_OUT]), labels=["a", "b"])
    assert restored == pytest.approx(min(losses), rel=1e-6)
    assert [row["valid_loss_best"] for row in clf.history_] == [
        loss < min(losses[:epoch], default=np.inf) for epoch, loss in enumerate(losses)
    ]


def test_training_stops_after_epochs_without_improvement(noise):
    X, y = noise
    settings = {"early_stopping": True, "max_epochs": 60, "learning_rate": 0.02, "random_state": 0}
    for patience in (2, 6):
        clf = FusionClassifier(n_iter_no_change=patience, tol=0, **settings).fit(X, y)
        assert clf.n_iter_ == int(np.argmin([row["valid_loss"] for row in clf.history_])) + (
            1 + patience
        )


def test_held_out_rows_have_all_classes_in_their_proportions(X, make):
    y = np.repeat(["many", "few"], [30, 10])
    make(
        "FusionClassifier",
        early_stopping=True,
        validation_fraction=0.2,
        callbacks=[RecordHeldOut()],
    ).fit(X, y)
    assert sorted(y[HELD_OUT]) == ["few"] * 2 + ["many"] * 6


def test_held_out_rows_are_not_trained_on(noise):
    X, y = noise
    X = np.column_stack([X, np.zeros(60)])
    settings = {"early_stopping": True, "max_epochs": 5, "random_state": 0, "n_iter_no_change": 9}
    modalities = [("table", Numeric(scaling=None), slice(None))]
    first = FusionClassifier(modalities, callbacks=[RecordHeldOut()], **settings).fit(X, y)
    held_out = list(HELD_OUT)
    changed = X.copy()
    changed[held_out] = 3 - X[held_out]
    second = FusionClassifier(modalities, **settings).fit(changed, y)
    for key, same in [("train_loss", True), ("valid_loss", False)]:
        rows = [[row[key] for row in clf.history_] for clf in (first, second)]
        assert (rows[0] == rows[1]) is same


def test_no_rows_are_held_out_of_few_samples(X, y, make):
    assert "valid_loss" not in make("FusionClassifier").fit(X, y).history_[0]
    assert "valid_loss" in make("FusionClassifier", early_stopping=True).fit(X, y).history_[0]


# Interruption ------------------------------------------------------------------------------------


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


def test_interrupt_restores_the_best_epoch(noise):
    X, y = noise
    clf = FusionClassifier(
        early_stopping=True,
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


def test_default_settings_learn_on_small_data(flowers):
    X, y = flowers
    clf = FusionClassifier(random_state=0).fit(X, y)
    assert accuracy_score(y, clf.predict(X)) > 0.9
