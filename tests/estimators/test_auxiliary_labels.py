"""y, where it is given a weight: labels or numbers, some of them absent."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from sklearn_crossmodal import Categorical, MultiModalAutoencoder, MultiModalFrame, Numeric

N = 300
QUICK = {"max_epochs": 40, "learning_rate": 0.02, "random_state": 0, "n_components": 2}


@pytest.fixture(scope="module")
def X():
    """Return loud noise of rank two, beside which the factor that matters is faint."""
    rng = np.random.default_rng(0)
    loud = 5 * rng.normal(size=(N, 3)) @ rng.normal(size=(3, 8))
    faint = rng.normal(size=(N, 1))
    table = loud + faint @ rng.normal(size=(1, 8))
    return MultiModalFrame({"a": table[:, :4], "b": table[:, 4:], "faint": faint})


@pytest.fixture(scope="module")
def factor(X):
    return X["faint"][:, 0]


def seen(X):
    return X[["a", "b"]]


@pytest.fixture(scope="module")
def latent_without_y(X):
    return MultiModalAutoencoder(**QUICK).fit_transform(seen(X))


def explained(latent, y, model):
    return model().fit(latent, y).score(latent, y)


def test_y_is_ignored_at_weight_zero(X, factor):
    latents = [
        MultiModalAutoencoder(**{**QUICK, "max_epochs": 3}).fit(seen(X), y).transform(seen(X))
        for y in (None, factor, factor > 0)
    ]
    np.testing.assert_array_equal(latents[0], latents[1])
    np.testing.assert_array_equal(latents[0], latents[2])


@pytest.mark.slow
@pytest.mark.parametrize("variational", [None, "mopoe"])
def test_classes_are_told_by_the_latent(variational, X, factor, latent_without_y):
    y = np.where(factor > 0, "high", "low")
    made = MultiModalAutoencoder(**QUICK, target_weight=5.0, variational=variational)
    accuracy = explained(made.fit(seen(X), y).transform(seen(X)), y, LogisticRegression)
    assert isinstance(made.target_, Categorical)
    assert accuracy > explained(latent_without_y, y, LogisticRegression) + 0.1


@pytest.mark.slow
def test_numbers_are_told_by_the_latent(X, factor, latent_without_y):
    made = MultiModalAutoencoder(**QUICK, target_weight=5.0).fit(seen(X), factor * 100)
    assert isinstance(made.target_, Numeric)
    without = explained(latent_without_y, factor * 100, Ridge)
    assert explained(made.transform(seen(X)), factor * 100, Ridge) > without + 0.1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["numbers", "labels"])
def test_samples_without_y_teach_their_modalities(kind, X, factor, latent_without_y):
    y = factor.copy() if kind == "numbers" else np.where(factor > 0, "high", "low").astype(object)
    y[::2] = np.nan if kind == "numbers" else None
    made = MultiModalAutoencoder(**QUICK, target_weight=5.0).fit(seen(X), y)
    assert made.score(seen(X)) > -0.8  # of the three factors one is kept for y
    without = explained(latent_without_y, factor > 0, LogisticRegression)
    accuracy = explained(made.transform(seen(X)), factor > 0, LogisticRegression)
    assert accuracy > without + 0.05


def test_several_columns_of_labels(X, factor):
    y = np.column_stack([factor > 0, factor > 1]).astype(int)
    made = MultiModalAutoencoder(**{**QUICK, "max_epochs": 5}, target_weight=1.0).fit(seen(X), y)
    assert made.target_.spec_.shape == (2,)


def test_y_is_no_modality(X, factor):
    made = MultiModalAutoencoder(**{**QUICK, "max_epochs": 3}, target_weight=1.0)
    made.fit(seen(X), factor)
    assert list(made.reconstruct(seen(X))) == ["a", "b"]
    assert np.isfinite(made.score_samples(seen(X))).all()
    assert made.partial_fit(seen(X), factor).n_iter_ == 4


@pytest.mark.slow
def test_a_pipeline_hands_y_on(X, factor):
    y = factor > 0
    steps = make_pipeline(
        MultiModalAutoencoder(**QUICK, target_weight=5.0), LogisticRegression()
    ).fit(seen(X), y)
    assert steps.score(seen(X), y) > 0.8


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, but the target y is None: target_weight=1.0"),
        (np.full(N, np.nan), "MultiModalAutoencoder: y is absent in all samples"),
        (np.r_[np.inf, np.ones(N - 1)], "MultiModalAutoencoder: Input y contains infinity"),
        (np.ones(N - 1), "inconsistent numbers of samples"),
    ],
)
def test_a_wrong_y_is_refused(y, message, X):
    with pytest.raises(ValueError, match=message):
        MultiModalAutoencoder(target_weight=1.0).fit(seen(X), y)


@pytest.mark.parametrize(("first", "then"), [(0.0, 1.0), (1.0, 0.0)])
def test_labels_come_with_the_first_fit_or_not_at_all(first, then, X, factor):
    made = MultiModalAutoencoder(**{**QUICK, "max_epochs": 1}, target_weight=first)
    made.fit(seen(X), factor).set_params(target_weight=then)
    with pytest.raises(ValueError, match=f"target_weight={then}.*first call of `fit`"):
        made.partial_fit(seen(X), factor)


def test_later_calls_may_lack_labels_but_not_have_new_ones(X, factor):
    y = np.where(factor > 0, "high", "low").astype(object)
    settings = {"target_weight": 1.0, "max_epochs": 2, "random_state": 0}
    fitted = MultiModalAutoencoder(**settings).fit(X, y)
    fitted.partial_fit(X, np.full(N, None, dtype=object))
    y[3] = "another"
    with pytest.raises(ValueError, match=r"y has classes \['another'\], which are not .* fit anew"):
        fitted.partial_fit(X, y)


def test_labels_of_rows_without_weight_are_none(X, factor):
    y = np.where(factor > 0, "high", "low").astype(object)
    y[10:] = None
    weight = np.where(np.arange(N) < 10, 0.0, 1.0)
    with pytest.raises(ValueError, match="y is absent in all samples whose weight is not zero"):
        MultiModalAutoencoder(target_weight=1.0).fit(X, y, sample_weight=weight)
