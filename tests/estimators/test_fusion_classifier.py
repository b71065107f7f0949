import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, log_loss, recall_score
from skorch.callbacks import Callback

from sklearn_crossmodal import FusionClassifier, MultiModalFrame, Numeric
from sklearn_crossmodal.datasets import make_multimodal_classification

N = 40

#: Nothing random but the first weights: the loss in the history is that of the network.
PLAIN = {
    "fusion": "sum",  # has no dropout
    "learning_rate": 1e-12,
    "weight_decay": 0.0,
    "modality_dropout": 0.0,
    "max_epochs": 1,
}


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
    clf = make("FusionClassifier", validation=0.15, max_epochs=4).fit(X, y)
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3, 4]
    names = {"epoch", "train_loss", "valid_loss", "valid_loss_best", "dur"}
    for row in clf.history_[:-1]:
        assert row.keys() == names
    assert clf.history_[-1].keys() == {*names, "valid_loss_averaged"}
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
    assert clf.score(X, y) > 0.8
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


# The best epoch ----------------------------------------------------------------------------------

HELD_OUT = []


class RecordHeldOut(Callback):
    def on_epoch_end(self, net, dataset_valid=None, **kwargs):
        HELD_OUT[:] = dataset_valid.rows.tolist()


def test_early_stopping_restores_the_best_epoch(noise):
    X, y = noise
    clf = FusionClassifier(
        [("left", Numeric(), slice(0, 10)), ("right", Numeric(), slice(10, 20))],
        modality_dropout=0.3,  # hides nothing of the held-out rows
        validation=0.15,
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
    settings = {"validation": 0.15, "max_epochs": 60, "learning_rate": 0.02, "random_state": 0}
    for patience in (2, 6):
        clf = FusionClassifier(n_iter_no_change=patience, tol=0, **settings).fit(X, y)
        assert clf.n_iter_ == int(np.argmin([row["valid_loss"] for row in clf.history_])) + (
            1 + patience
        )


def test_held_out_rows_have_all_classes_in_their_proportions(X, make):
    y = np.repeat(["many", "few"], [30, 10])
    make(
        "FusionClassifier",
        validation=0.2,
        callbacks=[RecordHeldOut()],
    ).fit(X, y)
    assert sorted(y[HELD_OUT]) == ["few"] * 2 + ["many"] * 6


def test_held_out_rows_are_not_trained_on(noise):
    X, y = noise
    X = np.column_stack([X, np.zeros(60)])
    settings = {"validation": 0.15, "max_epochs": 5, "random_state": 0, "n_iter_no_change": 9}
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
    assert "valid_loss" in make("FusionClassifier", validation=0.15).fit(X, y).history_[0]


def test_default_settings_learn_on_small_data(flowers):
    X, y = flowers
    clf = FusionClassifier(random_state=0).fit(X, y)
    assert accuracy_score(y, clf.predict(X)) > 0.9
