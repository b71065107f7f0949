"""A cross-modal regressor that starts from an autoencoder."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, ShuffleSplit, cross_val_score

from sklearn_crossmodal import (
    CrossModalRegressor,
    Image,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Text,
)
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.decoders import MLPDecoder
from sklearn_crossmodal.nn.encoders import MLPEncoder

N = 120
#: Several networks would have latents side by side.
one_network = partial(CrossModalRegressor, n_folds=None)
QUICK = {"max_epochs": 2, "random_state": 0}
UNTRAINED = {"learning_rate": 1e-12, "weight_decay": 0.0, "max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(N, 2))
    return MultiModalFrame(
        {
            "table": shared @ rng.normal(size=(2, 4)) + 7,
            "words": np.where(shared[:, 0] > 0, "a warm day", "a cold night").astype(object),
            "other": shared @ rng.normal(size=(2, 3)),
        }
    )


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(1).normal(size=(N, 2))


def listed(**params):
    return [
        ("table", Numeric(scaling="standard", **params), "table"),
        ("words", Text(max_length=3), "words"),
    ]


@pytest.fixture(scope="module")
def autoencoder(X):
    return MultiModalAutoencoder(listed(), n_components=5, max_epochs=3, random_state=0).fit(X)


def weights_of(estimator):
    return copy.deepcopy(estimator.network_.state_dict())


def same(one, other):
    return all(torch.equal(one[name], weight.to(one[name].dtype)) for name, weight in other.items())


# What is taken over ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [{}, {"variational": "mopoe"}, {"n_private_components": 2}, {"fusion": "attention"}],
    ids=str,
)
@pytest.mark.parametrize("frozen", [False, True])
def test_training_starts_at_the_shared_representation(params, frozen, X, y):
    autoencoder = MultiModalAutoencoder(
        listed(), n_components=5, max_epochs=3, random_state=0, dtype="float64", **params
    ).fit(X)
    init = FrozenEstimator(autoencoder) if frozen else autoencoder
    reg = one_network(listed(), init=init, dtype="float64", **UNTRAINED).fit(X, y)
    latent = autoencoder.transform(X)[:, :5]
    np.testing.assert_allclose(reg.transform(X), latent, atol=1e-6)
    for name in ("table", "words"):
        alone = X[[name]]
        latent = autoencoder.transform(alone)[:, :5]
        np.testing.assert_allclose(reg.transform(alone), latent, atol=1e-6)


def test_one_of_the_modalities_may_be_the_only_source(X, y, autoencoder):
    source = X[["words"]]
    reg = one_network(listed()[1:], init=autoencoder, **UNTRAINED).fit(source, y)
    np.testing.assert_allclose(reg.transform(source), autoencoder.transform(source), atol=1e-6)


def test_modalities_are_those_of_the_autoencoder_not_of_the_few_rows(X, y, autoencoder):
    few = X[np.flatnonzero(X["words"] == "a warm day")[:20]]
    reg = one_network(listed(), init=autoencoder, **QUICK).fit(few, y[:20])
    ours, theirs = (
        {name: modality for name, modality, _ in one.modalities_} for one in (reg, autoencoder)
    )
    np.testing.assert_array_equal(
        ours["table"].transform(X["table"]).values, theirs["table"].transform(X["table"]).values
    )
    assert "cold" in repr(vars(ours["words"].tokenizer_))
    assert ours["table"] is not theirs["table"]


def test_inferred_modalities_take_over_those_of_their_name(X, y, autoencoder):
    columns = X[["table", "words"]]
    reg = one_network(init=autoencoder, **QUICK).fit(columns, y)
    kinds = {name: modality for name, modality, _ in reg.modalities_}
    assert kinds["table"].scaling == "standard"
    assert kinds["words"].max_length == 3


def test_further_modalities_are_joined_to_the_shared_representation(X, y, autoencoder):
    modalities = [*listed(), ("other", Numeric(), "other")]
    for fusion, width in [("concat", 5 + 64 + 64), ("sum", 64)]:
        reg = one_network(modalities, init=autoencoder, fusion=fusion, **QUICK).fit(X, y)
        assert reg.transform(X).shape[1] == width
    assert np.isfinite(reg.predict(X[["other"]])).all()
    assert not np.allclose(reg.predict(X[["other"]]), reg.predict(X[["table"]]))


def test_a_target_of_the_same_name_takes_over_its_decoder_where_it_fits(X, autoencoder):
    settings = {"init": autoencoder, "validation": None, "linear_path": False, **UNTRAINED}
    reg = one_network(listed()[1:], target={"table": "table"}, **settings)
    found = reg.fit(X[["words"]], X[["table"]]).predict(X[["words"]])["table"]
    expected = autoencoder.inverse_transform(autoencoder.transform(X[["words"]]))["table"]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    narrow = Numeric(scaling="standard", decoder=MLPDecoder((8,)))
    reg.set_params(target=[("table", narrow, "table")]).fit(X[["words"]], X[["table"]])
    assert not np.allclose(reg.predict(X[["words"]])["table"], expected, atol=1e-2)


def test_a_decoder_of_numbers_in_another_scale_is_not_taken_over(X, autoencoder):
    settings = {"validation": None, "linear_path": False, **UNTRAINED}
    reg = one_network(
        listed()[1:], target=[("table", Numeric(), "table")], init=autoencoder, **settings
    )
    found = reg.fit(X[["words"]], X[["table"]]).network_.decoders["table"]
    assert not hasattr(found, "learning_rate_factor")
    same = [("table", Numeric(scaling="standard"), "table")]
    found = reg.set_params(target=same).fit(X[["words"]], X[["table"]]).network_.decoders["table"]
    assert found.learning_rate_factor == reg.network_.encoders["words"].learning_rate_factor < 1


def test_what_is_set_since_the_autoencoder_was_fitted_does_not_matter(X, y, autoencoder):
    other = copy.deepcopy(autoencoder).set_params(n_components=2)
    found = [
        one_network(listed(), init=one, **QUICK).fit(X, y).predict(X)
        for one in (autoencoder, other)
    ]
    np.testing.assert_array_equal(*found)


def test_the_autoencoder_is_never_changed(X, y, autoencoder):
    before, answers = weights_of(autoencoder), autoencoder.transform(X)
    modality = copy.deepcopy(vars(autoencoder.modalities_[0][1].scaler_))
    reg = one_network(listed(), init=autoencoder, max_epochs=5, random_state=0).fit(X, y)
    reg.partial_fit(X, y) if not hasattr(reg.network_, "networks") else None
    assert same(before, autoencoder.network_.state_dict())
    np.testing.assert_array_equal(autoencoder.transform(X), answers)
    np.testing.assert_array_equal(modality["kept_"], autoencoder.modalities_[0][1].scaler_.kept_)
    assert not np.allclose(reg.transform(X)[:, :5], answers)


def test_networks_of_all_folds_start_there(X, y, autoencoder):
    table = MultiModalAutoencoder(listed()[:1], n_components=5, max_epochs=3).fit(X[["table"]])
    reg = CrossModalRegressor(listed()[:1], init=table, **UNTRAINED).fit(X[["table"]], y)
    n_networks = len(reg.network_.networks)
    expected = np.tile(table.transform(X[["table"]]), n_networks)
    np.testing.assert_allclose(reg.transform(X[["table"]]), expected, atol=1e-6)


def test_going_on_does_not_start_again(X, y, autoencoder):
    reg = one_network(listed(), init=autoencoder, **QUICK).fit(X, y)
    before = reg.transform(X)
    reg.set_params(learning_rate=1e-12, weight_decay=0.0).partial_fit(X, y)
    np.testing.assert_allclose(reg.transform(X), before, atol=1e-6)


# What it is worth --------------------------------------------------------------------------------


@pytest.mark.slow
def test_few_rows_are_predicted_better_from_what_many_have_taught():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(2000, 3))
    views = {
        name: shared @ rng.normal(size=(3, 60)) + rng.normal(size=(2000, 60)) for name in ("a", "b")
    }
    X = MultiModalFrame(views)
    y = np.column_stack([np.sin(1.5 * shared[:, 0]), np.abs(shared[:, 1])])
    autoencoder = MultiModalAutoencoder(n_components=4, random_state=0).fit(X[:1500])
    few = ShuffleSplit(3, train_size=100, test_size=400, random_state=0)
    rows = slice(1500, 2000)
    scores = {
        init is None: cross_val_score(
            one_network(init=init, random_state=0, n_folds=None),
            X[rows],
            y[rows],
            cv=few,
            error_score="raise",
        ).mean()
        for init in (None, FrozenEstimator(autoencoder))
    }
    assert scores[False] > scores[True] + 0.1


# What is refused ---------------------------------------------------------------------------------


def test_clone_leaves_only_a_frozen_autoencoder_fitted(X, y, autoencoder):
    expected = r"CrossModalRegressor: init is a MultiModalAutoencoder that is not fitted.*Frozen"
    reg = one_network(listed(), init=autoencoder, **QUICK)
    with pytest.raises(NotFittedError, match=expected):
        clone(reg).fit(X, y)
    with pytest.raises(NotFittedError, match=expected):
        cross_val_score(reg, X, y, cv=2, error_score="raise")
    reg.set_params(init=FrozenEstimator(autoencoder))
    assert np.isfinite(cross_val_score(reg, X, y, cv=2, error_score="raise")).all()
    grid = {"init": [None, FrozenEstimator(autoencoder)], "learning_rate": [1e-3, 1e-2]}
    search = GridSearchCV(reg, grid, cv=2, error_score="raise").fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    with pytest.raises(NotFittedError, match=expected):
        one_network(init=FrozenEstimator(MultiModalAutoencoder())).fit(X, y)


def test_another_estimator_is_no_start(X, y):
    ridge = Ridge().fit(y, y)
    with pytest.raises(TypeError, match="CrossModalRegressor: init is a FrozenEstimator of Ridge"):
        one_network(init=FrozenEstimator(ridge)).fit(X, y)
    with pytest.raises(ValueError, match="'init' parameter of CrossModalRegressor must be"):
        one_network(init=ridge).fit(X, y)


def test_modalities_that_do_not_fit_are_refused_by_name(X, y, autoencoder):
    def fit(modalities, source=X):
        one_network(modalities, init=autoencoder, **QUICK).fit(source, y)

    with pytest.raises(
        ModalityError, match=r"none of the modalities \['numbers'\] has the name of"
    ):
        fit([("numbers", Numeric(), "table")])
    with pytest.raises(
        ModalityError, match=r"'table' is Numeric\(\), that of init is Numeric\(sca"
    ):
        fit([("table", Numeric(), "table")])
    with pytest.raises(
        ModalityError, match=r"'table' has the columns \['other'\], that of init ha"
    ):
        fit([("table", Numeric(scaling="standard"), "other")])
    with pytest.raises(ModalityError, match=r"'table' is Numeric\(encoder=MLPEncoder\(width=8\)"):
        fit(listed(encoder=MLPEncoder(width=8)))
    with pytest.raises(ModalityError, match=r"'words' is Image\(\), that of init is Text\(max"):
        fit([("words", Image(), "words")])
    array = np.asarray(X["table"])
    plain = MultiModalAutoencoder(n_components=2, max_epochs=1).fit(array)
    with pytest.raises(ModalityError, match="has the columns .0, 1., that of init has .0, 1, 2, 3"):
        one_network(init=plain).fit(array[:, :2], y)
    one_network(init=plain, **QUICK).fit(array, y)


def test_how_a_modality_is_decoded_need_not_be_the_same(X, y, autoencoder):
    one_network(listed(loss="huber"), init=autoencoder, **QUICK).fit(X, y)
