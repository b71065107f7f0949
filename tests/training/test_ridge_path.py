import numpy as np
import torch

from sklearn_crossmodal.data import Block, BlockSpec
from sklearn_crossmodal.nn.networks._ridge_path import LinearPath
from sklearn_crossmodal.training import BlockDataset, fit_linear_paths


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
