"""No parameter is accepted and ignored: each has an effect that can be observed."""

import copy
from functools import cache

import joblib
import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from skorch.callbacks import Callback

from sklearn_crossmodal import MultiModalAutoencoder, Numeric, Text
from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.nn.decoders import AttentionDecoder, RecurrentDecoder
from sklearn_crossmodal.nn.fusion import LateFusion
from sklearn_crossmodal.nn.losses import HuberLoss
from sklearn_crossmodal.nn.variational import MVTCAEPosterior
from sklearn_crossmodal.utils.discovery import all_estimators

PARAMETERS = [
    (name, parameter)
    for name, estimator in all_estimators("network")
    for parameter in estimator().get_params(deep=False)
]


def with_one_estimator_each():
    """Return all parameters, those of which another estimator is tested as slow.

    The estimators share the code behind a parameter. They take turns, so that each has its share.
    """
    having = {}
    for name, parameter in PARAMETERS:
        having.setdefault(parameter, []).append(name)
    quick = {
        (names[place % len(names)], parameter)
        for place, (parameter, names) in enumerate(having.items())
    }
    return [
        pytest.param(*one, marks=() if one in quick else pytest.mark.slow) for one in PARAMETERS
    ]


class Case:
    """One estimator with data to fit it on."""

    def __init__(self, name, X, y, make, numbers, tmp_path, capsys):
        self.name, self.X, self.y = name, X, y
        self.make, self.numbers = make, numbers
        self.tmp_path, self.capsys = tmp_path, capsys

    def fit(self, **params):
        modalities = [("table", Numeric(), "table"), ("words", Text(), "words")]
        # With folds, networks of three epochs would leave the prediction to the linear path.
        alone = {"n_folds": None} if self.name == "CrossModalRegressor" else {}
        settings = {"modalities": modalities, **alone, **params}
        return self.make(self.name, **settings).fit(self.X, self.y)

    def answers(self, **params):
        return self.numbers(self.fit(**params), self.X)

    def differ(self, first, second):
        return not np.array_equal(self.answers(**first), self.answers(**second))


class Witness(Callback):
    """Leave a trace in the history, epoch by epoch."""

    def on_epoch_begin(self, net, **kwargs):
        self.n_hidden = 0
        self.squares = []
        self.learning_rate = net.optimizer_.param_groups[0]["lr"]

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        present = batch[0]["present"]
        if training and present is not None:
            self.n_hidden += int((~present).sum())
        if training:
            self.squares += batch[0]["values"]["table"].square().mean(dim=1).tolist()

    def on_epoch_end(self, net, **kwargs):
        net.history.record("n_hidden", self.n_hidden)
        net.history.record("spread", float(np.sqrt(np.mean(self.squares))))
        net.history.record("learning_rate", self.learning_rate)


class StopAfterFirstEpoch(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt  # skorch's way for a callback to end training


def sizes(fitted, key):
    """Return the number of samples in each batch of the last epoch, where a callback watches."""
    batches = fitted.net_.history[-1]["batches"]
    return [batch[key] for batch in batches if key in batch]


def size_of_matrices(fitted):
    weights = [weight.detach() for weight in fitted.network_.parameters() if weight.ndim > 1]
    return sum(float((weight**2).sum()) for weight in weights)


# The effect of each parameter --------------------------------------------------------------------


def effect_of_modalities(case):
    only = case.fit(modalities=[("numbers", Numeric(), "table")])
    assert [name for name, _, _ in only.modalities_] == ["numbers"]
    alone = MultiModalFrame({"table": case.X["table"]})
    np.testing.assert_array_equal(case.numbers(only, case.X), case.numbers(only, alone))
    short = case.fit(modalities={"numbers": "table", "texts": "words"})
    assert [name for name, _, _ in short.modalities_] == ["numbers", "texts"]


def effect_of_fusion(case):
    alone = {"n_folds": None} if case.name.startswith("Fusion") else {}
    wide = case.fit(fusion=LateFusion(width=5), **alone)
    assert wide.network_.fusion.out_features == 5
    assert case.differ({"fusion": "gated"}, {"fusion": "late"})


def effect_of_max_epochs(case):
    assert case.fit(max_epochs=2).n_iter_ == 2
    assert case.fit(max_epochs=5).n_iter_ == 5
    stopped = case.fit(max_epochs="auto", callbacks=[StopAfterFirstEpoch()])
    assert stopped.n_iter_ == 1
    assert stopped.net_.max_epochs == 200


def effect_of_batch_size(case):
    assert sizes(case.fit(batch_size=10, callbacks=[Callback()]), "train_batch_size") == [
        10,
        10,
        10,
        10,
    ]
    automatic = case.fit(batch_size="auto", callbacks=[Callback()])
    assert sizes(automatic, "train_batch_size") == [16, 16, 8]


def effect_of_learning_rate(case):
    fitted = case.fit(learning_rate=0.01, callbacks=[Witness()])
    assert fitted.history_[0]["learning_rate"] == 0.01
    assert case.differ({"learning_rate": 0.01}, {"learning_rate": 0.02})


def effect_of_learning_rate_schedule(case):
    for schedule, factors in [("constant", [1, 1, 1]), ("cosine", [1, 0.75, 0.25])]:
        fitted = case.fit(
            learning_rate_schedule=schedule, learning_rate=0.01, callbacks=[Witness()]
        )
        rates = [epoch["learning_rate"] for epoch in fitted.history_]
        np.testing.assert_allclose(rates, 0.01 * np.array(factors))


def effect_of_weight_decay(case):
    settings = {"learning_rate": 0.01, "learning_rate_schedule": "constant"}
    free, pulled = (case.fit(weight_decay=decay, **settings) for decay in (0, 30))
    assert size_of_matrices(pulled) < 0.5 * size_of_matrices(free)


def effect_of_optimizer(case):
    assert isinstance(case.fit(optimizer="sgd").net_.optimizer_, torch.optim.SGD)
    assert isinstance(case.fit(optimizer=torch.optim.RMSprop).net_.optimizer_, torch.optim.RMSprop)
    assert case.differ({"optimizer": "adam"}, {"optimizer": "sgd"})


def effect_of_validation(case):
    assert "valid_loss" not in case.fit(validation=None).history_[0]
    assert "valid_loss" not in case.fit(validation="auto").history_[0]  # too few samples
    for fraction, n_rows in [(0.25, 10), (0.5, 20)]:
        fitted = case.fit(validation=fraction, callbacks=[Callback()])
        assert sum(sizes(fitted, "valid_batch_size")) == n_rows
        assert sum(sizes(fitted, "train_batch_size")) == 40 - n_rows


def effect_of_n_iter_no_change(case):
    # With such a tolerance only the first epoch counts as an improvement.
    for patience in (2, 4):
        fitted = case.fit(validation=0.15, tol=1e9, n_iter_no_change=patience, max_epochs=8)
        assert fitted.n_iter_ == 1 + patience


def effect_of_tol(case):
    settings = {"validation": 0.15, "n_iter_no_change": 3}
    strict = case.fit(tol=1e9, max_epochs=8, **settings)
    lenient = case.fit(tol=0, max_epochs=8, **settings)
    assert strict.n_iter_ == 4 < lenient.n_iter_


def effect_of_modality_dropout(case):
    without, with_dropout = (
        case.fit(modality_dropout=rate, callbacks=[Witness()]) for rate in (0.0, 0.4)
    )
    assert [epoch["n_hidden"] for epoch in without.history_] == [0, 0, 0]
    hidden = np.mean([epoch["n_hidden"] for epoch in with_dropout.history_]) / (2 * 40)
    assert 0.15 < hidden < 0.35  # below .4, since one modality of a sample is always left
    assert case.differ({"modality_dropout": 0.0}, {"modality_dropout": 0.4})


def effect_of_auxiliary_weight(case):
    assert case.fit(auxiliary_weight=0).network_.heads is None
    assert len(case.fit(auxiliary_weight=1.0).network_.heads.heads) == 2
    assert case.differ({"auxiliary_weight": 0.1}, {"auxiliary_weight": 10.0})


def effect_of_balance(case):
    settings = {"validation": 0.15, "max_epochs": 6}
    blended = {"balance": "gradient_blending", **settings}
    assert case.differ({"balance": None, **settings}, blended)


def effect_of_n_folds(case):
    assert len(case.fit(n_folds=2).network_.networks) == 2
    assert case.differ({"n_folds": 2}, {"n_folds": 3})


def effect_of_class_weight(case):
    balanced = case.fit(class_weight=None).predict_proba(case.X)[:, 0].mean()
    heavy = case.fit(class_weight={"no": 50}).predict_proba(case.X)[:, 0].mean()
    assert heavy > balanced + 0.05


def effect_of_loss(case):
    if case.name == "FusionClassifier":
        assert case.differ({"loss": "cross_entropy"}, {"loss": "ordinal"})
        return
    assert case.differ({"loss": "squared_error"}, {"loss": "absolute_error"})
    assert case.differ({"loss": "huber"}, {"loss": HuberLoss(delta=0.1)})


def effect_of_n_components(case):
    for n_components in (2, 5):
        assert case.fit(n_components=n_components).transform(case.X).shape == (40, n_components)


def effect_of_variational(case):
    latents = [case.fit(variational=name).transform(case.X) for name in (None, "poe", "moe")]
    assert not np.array_equal(latents[0], latents[1])
    assert not np.array_equal(latents[1], latents[2])
    assert case.fit(variational=MVTCAEPosterior(alpha=0.3)).network_.fusion.alpha == 0.3


def effect_of_beta(case):
    settings = {"variational": "mopoe", "n_warmup_epochs": 0, "max_epochs": 30}
    free, drawn = (case.fit(beta=beta, **settings).transform(case.X) for beta in (0.0, 1000.0))
    assert drawn.std() < 0.5 * free.std()


def effect_of_n_warmup_epochs(case):
    fitted = [case.fit(variational="mopoe", n_warmup_epochs=n) for n in (0, 100)]
    assert [one.net_.criterion_.warmth for one in fitted] == [1.0, 3 / 101]
    settings = {"variational": "mopoe", "beta": 10.0}
    assert case.differ({"n_warmup_epochs": 0, **settings}, {"n_warmup_epochs": 9, **settings})


def effect_of_n_private_components(case):
    fitted = case.fit(n_components=3, n_private_components=2)
    assert fitted.transform(case.X).shape == (40, 3 + 2 * 2)


def effect_of_target_weight(case):
    labels = np.arange(40) % 2
    modalities = [("table", Numeric(), "table")]
    told = []
    for weight in (0.0, 50.0):
        made = case.make(
            case.name,
            modalities=modalities,
            target_weight=weight,
            n_components=2,
            max_epochs=60,
            learning_rate=0.01,
        )
        latent = made.fit(case.X, labels).transform(case.X)
        told.append(LogisticRegression().fit(latent, labels).score(latent, labels))
    assert told[1] > told[0] + 0.1


def effect_of_target(case):
    if case.name == "CrossModalGenerator":
        texts = case.fit(target=Text(lowercase=False))
        assert texts.target_.lowercase is False
        assert case.fit(target=Text(max_length=2)).target_.spec_.shape == (2,)
        return
    texts = case.make(case.name, target=Text(max_length=2)).fit(case.X, case.X["words"])
    assert texts.target_.max_length == 2
    assert max(len(text.split()) for text in texts.predict(case.X)) <= 2
    assert isinstance(case.fit(target="numeric").target_, Numeric)
    assert case.differ({"target": Numeric(scaling=None)}, {"target": Numeric(scaling="standard")})


def effect_of_decoder(case):
    decoders = {"decoder": RecurrentDecoder(width=8)}, {"decoder": AttentionDecoder(width=8)}
    fitted = [case.fit(**decoder).network_.decoders["y"] for decoder in decoders]
    assert [hasattr(decoder, "recurrence") for decoder in fitted] == [True, False]
    assert case.differ(*decoders)


ALIKE = MultiModalFrame({"table": np.ones((40, 1))})


@cache
def trained_on_two_texts(make, name):
    """Return a generator that knows two texts, whatever the sample."""
    texts = np.array(["a b c d e", "f", "f"] * 13 + ["f"], dtype=object)
    settings = {"max_epochs": 60, "learning_rate": 0.01, "modalities": {"table": "table"}}
    return make(name, **settings).fit(ALIKE, texts)


def said(case, **params):
    """Return what it predicts with other parameters of prediction."""
    fitted = copy.deepcopy(trained_on_two_texts(case.make, case.name))
    return fitted.set_params(**params).predict(ALIKE)


def effect_of_n_beams(case):
    # "f" is the likelier first word, and followed by its end; longer texts are not sought.
    greedy, sought = (said(case, n_beams=n, length_penalty=9.0) for n in (1, 5))
    assert set(greedy) == {"f"}
    assert set(sought) == {"a b c d e"}


def effect_of_length_penalty(case):
    short, long = (said(case, length_penalty=a) for a in (0.0, 9.0))
    assert set(short) == {"f"}
    assert set(long) == {"a b c d e"}


def effect_of_max_length(case):
    for most in (1, 3):
        texts = said(case, max_length=most, length_penalty=20.0)
        assert max(len(text.split()) for text in texts) == most


def effect_of_temperature(case):
    np.testing.assert_array_equal(said(case, temperature=1e-9), said(case, n_beams=1))
    drawn = said(case, temperature=1.0)
    np.testing.assert_array_equal(drawn, said(case, temperature=1.0))
    assert len(set(said(case, temperature=100.0))) > len(set(drawn)) > 1


def effect_of_linear_path(case):
    settings = {"validation": 0.15, "linear_path": True}
    (path,) = case.fit(**settings).network_.linear_paths
    assert path.share < 1  # in three epochs the network has learned next to nothing
    assert len(case.fit(**{**settings, "linear_path": False}).network_.linear_paths) == 0
    assert case.differ(settings, {**settings, "linear_path": False})


def effect_of_init(case):
    entries = [("table", Numeric(), "table"), ("words", Text(), "words")]
    learned = MultiModalAutoencoder(entries, n_components=3, max_epochs=2).fit(case.X)
    started = case.fit(init=learned, learning_rate=1e-12, weight_decay=0.0)
    np.testing.assert_allclose(started.transform(case.X), learned.transform(case.X), atol=1e-5)
    assert case.differ({"init": None}, {"init": learned})


def effect_of_input_noise(case):
    still, noisy = (case.fit(input_noise=noise, callbacks=[Witness()]) for noise in (0.0, 0.5))
    assert still.history_[0]["spread"] == pytest.approx(still.history_[1]["spread"])
    assert noisy.history_[0]["spread"] > still.history_[0]["spread"] + 0.1
    assert case.differ({"input_noise": 0.0}, {"input_noise": 0.5})


def effect_of_warm_start(case):
    cold, warm = case.fit(warm_start=False), case.fit(warm_start=True)
    first = [epoch["train_loss"] for epoch in warm.history_]
    assert cold.fit(case.X, case.y).n_iter_ == 3
    assert warm.fit(case.X, case.y).n_iter_ == 6
    assert [epoch["train_loss"] for epoch in warm.history_[:3]] == first


def effect_of_device(case):
    fitted = case.fit(device="cpu")
    assert {weight.device.type for weight in fitted.network_.parameters()} == {"cpu"}
    with pytest.raises(ValueError, match="meta"):
        case.fit(device="meta")  # a device that holds no numbers


def effect_of_dtype(case):
    for dtype, expected in [
        ("float64", torch.float64),
        ("float32", torch.float32),
        ("bfloat16", torch.float32),  # weights stay as they are under autocast
    ]:
        fitted = case.fit(dtype=dtype)
        assert fitted.dtype_ == dtype
        assert {weight.dtype for weight in fitted.network_.parameters()} == {expected}
    assert case.fit(dtype="auto").dtype_ == "float64"  # so little work
    assert case.differ({"dtype": "float64"}, {"dtype": "float32"})
    assert case.differ({"dtype": "float32"}, {"dtype": "bfloat16"})


def effect_of_memory(case):
    one, two, three = (case.tmp_path / name for name in ("one", "two", "three"))
    for memory in (str(one), joblib.Memory(two, verbose=0), three):
        cached = case.answers(memory=memory)
        np.testing.assert_array_equal(cached, case.answers(memory=memory))
        np.testing.assert_array_equal(cached, case.answers(memory=None))
    for folder in (one, two, three):
        assert len(list(folder.rglob("output.pkl"))) == 2  # one a modality


def effect_of_random_state(case):
    np.testing.assert_array_equal(case.answers(random_state=3), case.answers(random_state=3))
    assert case.differ({"random_state": 3}, {"random_state": 4})


def effect_of_verbose(case):
    case.fit(verbose=0)
    assert case.capsys.readouterr().out == ""
    fitted = case.fit(verbose=1)
    lines = case.capsys.readouterr().out.splitlines()
    assert len(lines) == fitted.n_iter_ == 3
    assert lines[1].split()[:3] == ["epoch", "2", "train_loss"]
    assert f"{fitted.history_[1]['train_loss']:.4f}" in lines[1]


def effect_of_callbacks(case):
    assert all("n_hidden" in epoch for epoch in case.fit(callbacks=[Witness()]).history_)
    named = case.fit(callbacks=[("witness", Witness())])
    assert "witness" in dict(named.net_.callbacks_)


def effect_of_net_params(case):
    fitted = case.fit(net_params={"use_caching": False, "iterator_train__shuffle": False})
    assert fitted.net_.use_caching is False
    assert case.differ({}, {"net_params": {"iterator_train__shuffle": False}})


EFFECTS = {
    name.removeprefix("effect_of_"): effect
    for name, effect in globals().items()
    if name.startswith("effect_of_")
}

# The tests ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "parameter"), with_one_estimator_each())
def test_parameter_has_an_effect(name, parameter, X, targets, make, numbers, tmp_path, capsys):
    assert parameter in EFFECTS, f"name an effect of {parameter!r} that can be observed"
    EFFECTS[parameter](Case(name, X, targets[name], make, numbers, tmp_path, capsys))


def test_table_names_no_parameter_that_is_gone():
    assert set(EFFECTS) <= {parameter for _, parameter in PARAMETERS}
