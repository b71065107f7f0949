import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge, RidgeCV

from sklearn_crossmodal.data import Block, BlockSpec
from sklearn_crossmodal.nn.networks._ridge_path import LinearPath
from sklearn_crossmodal.training import BlockDataset, fit_linear_paths
from sklearn_crossmodal.training._post_fit._ridge_path import PENALTIES, ridge

# Ridge regression --------------------------------------------------------------------------------


@pytest.fixture(params=[(60, 5), (20, 50)], ids=["tall", "wide"])
def table(request):
    n, d = request.param
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(n, 3))
    return X, Y, rng.uniform(0.5, 2, size=n)


def centered(X, Y, weight):
    return (part - np.average(part, axis=0, weights=weight) for part in (X, Y))


def test_coefficients_are_those_of_scikit_learn_at_one_of_the_penalties(table):
    X, Y, weight = table
    weight = weight / weight.mean()
    found = ridge(*centered(X, Y, weight), weight)
    fits = [Ridge(len(X) * one).fit(X, Y, weight).coef_.T for one in PENALTIES]
    assert min(np.abs(found - coefficients).max() for coefficients in fits) < 1e-6


def test_the_penalty_is_that_of_least_generalised_error(table):
    X, Y, _ = table
    weight = np.ones(len(X))
    found = ridge(*centered(X, Y, weight), weight)
    errors = []
    for one in PENALTIES:
        fit = Ridge(len(X) * one).fit(X, Y)
        squares = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
        freedom = len(X) - 1 - (squares / (squares + len(X) * one)).sum()
        errors.append(((Y - fit.predict(X)) ** 2).sum() / freedom**2)
    best = Ridge(len(X) * PENALTIES[np.argmin(errors)]).fit(X, Y).coef_.T
    np.testing.assert_allclose(found, best, atol=1e-7)


def test_new_rows_are_predicted_as_well_as_by_leaving_one_out(rng):
    X = rng.normal(size=(400, 30))
    Y = X @ rng.normal(size=(30, 2)) + 5 * rng.normal(size=(400, 2))
    few, weight = slice(0, 60), np.ones(60)
    found = ridge(*centered(X[few], Y[few], weight), weight)
    theirs = RidgeCV(60 * PENALTIES).fit(X[few], Y[few]).coef_.T
    errors = [((Y[60:] - X[60:] @ one) ** 2).mean() for one in (found, theirs)]
    assert errors[0] < 1.02 * errors[1]


def test_columns_that_do_not_vary_and_that_are_alike_have_finite_coefficients(rng):
    X = np.repeat(rng.normal(size=(30, 2)), 3, axis=1)
    X[:, 0] = 0.0
    found = ridge(*centered(X, X[:, 1:2], np.ones(30)), np.ones(30))
    assert np.isfinite(found).all()
    assert np.abs(X @ found - X[:, 1:2] + X[:, 1].mean()).max() < 0.2


# The path of a network ---------------------------------------------------------------------------


def with_path(net):
    """Return a net that has not learned anything, with a linear path from a and b."""
    made = net()
    made.module_.linear_paths.append(LinearPath({"a": 3, "b": 2}, ["a", "b"], "y", (1,)).double())
    return made


def split(n, n_held_out):
    return np.arange(n_held_out, n), np.arange(n_held_out)


def test_where_the_target_is_linear_the_path_is_all(net, dataset):
    made, data = with_path(net), dataset(300)
    fit_linear_paths([made], [split(300, 60)], data)
    (path,) = made.module_.linear_paths
    assert float(path.share) == 0.0
    expected = [[1, 0, 0, -1, 0]]
    np.testing.assert_allclose(path.weight, expected, atol=0.03)


def test_where_the_network_knows_better_it_is_all(net, dataset, blocks):
    inputs, targets = blocks(300)
    # The target is what the network says, in which there is nothing that a line would tell.
    made = with_path(net)
    bent = np.abs(inputs["a"].values[:, :1])
    with torch.no_grad():
        for weight in made.module_.parameters():
            weight.zero_()
        encoder = made.module_.encoders["a"]
        encoder.layers[0].weight[0, 0], encoder.layers[0].weight[1, 0] = 1.0, -1.0
        made.module_.decoders["y"].weight[0, :2] = 1.0
    targets = {"y": Block(bent, np.ones(300, bool), BlockSpec("vector", (1,)))}
    data = BlockDataset.from_blocks(inputs, torch.float64, targets)
    fit_linear_paths([made], [split(300, 60)], data)
    assert float(made.module_.linear_paths[0].share) == 1.0


def test_held_out_rows_and_rows_of_weight_zero_are_not_fitted_on(net, dataset):
    weights = []
    for spoilt in (False, True):
        made, data = with_path(net), dataset(100, sample_weight=np.r_[np.ones(80), np.zeros(20)])
        if spoilt:
            values = data.targets["y"][0]
            values[:30] += 100 * torch.randn(30, 1)
            values[80:] += 100
        fit_linear_paths([made], [split(100, 30)], data)
        weights.append(made.module_.linear_paths[0].weight.clone())
    assert torch.equal(*weights)


def test_a_weight_of_two_is_a_row_twice(net, dataset):
    data = dataset(100, sample_weight=np.r_[np.ones(60), np.full(40, 2.0)])
    twice = dataset(100)
    rows = np.r_[np.arange(20, 100), np.arange(60, 100)]
    found = []
    for one, training in ((data, np.arange(20, 100)), (twice, rows)):
        made = with_path(net)
        fit_linear_paths([made], [(training, np.arange(20))], one)
        found.append(made.module_.linear_paths[0])
    torch.testing.assert_close(found[0].means, found[1].means)
    torch.testing.assert_close(found[0].weight, found[1].weight, atol=0.02, rtol=0)


def test_absent_modalities_have_the_mean_of_those_that_are_there(net, dataset):
    there = np.arange(200) % 3 > 0
    made, data = with_path(net), dataset(200, present={"b": there})
    fit_linear_paths([made], [split(200, 50)], data)
    (path,) = made.module_.linear_paths
    known = data.values["b"][50:][torch.from_numpy(there[50:])]
    torch.testing.assert_close(path.means[3:], known.mean(dim=0))
    assert path.weight.isfinite().all()


def test_rows_whose_target_is_absent_do_not_count(net, dataset):
    there = np.arange(200) % 3 > 0
    found = []
    for held in (0.0, 1e6):
        made, data = with_path(net), dataset(200, present={"y": there})
        data.targets["y"][0][torch.from_numpy(~there)] = held
        fit_linear_paths([made], [split(200, 50)], data)
        found.append(made.module_.linear_paths[0].weight.clone())
    assert torch.equal(*found)


def test_networks_of_several_folds_have_models_of_their_own_and_one_share(net, dataset):
    nets, data = [with_path(net), with_path(net)], dataset(200)
    halves = np.arange(100), np.arange(100, 200)
    fit_linear_paths(nets, [halves, halves[::-1]], data)
    first, second = (one.module_.linear_paths[0] for one in nets)
    assert not torch.equal(first.weight, second.weight)
    assert float(first.share) == float(second.share) == 0.0
