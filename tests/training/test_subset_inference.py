import numpy as np
import pytest
import torch

from sklearn_crossmodal.nn.networks._ridge_path import LinearPath
from sklearn_crossmodal.training._post_fit._subset_inference import scores_by_pattern

PATTERNS = [np.array(one) for one in ([True, True], [True, False], [False, True])]


def with_path(made):
    path = LinearPath({"a": 3, "b": 2}, ["a", "b"], "y", (1,)).double()
    path.set(torch.randn(1, 5), torch.randn(1), torch.randn(5))
    path.blend(0.5)
    made.module_.linear_paths.append(path)
    return made


@pytest.mark.parametrize("prepared", [lambda made: made, with_path], ids=["alone", "with_path"])
def test_scores_are_those_of_the_network_that_sees_so_much(net, dataset, prepared):
    made, data = prepared(net()), dataset(30)
    inputs, _, _ = data.batch(data.rows)
    made.module_.eval()
    for pattern, (places, scores) in zip(
        PATTERNS, scores_by_pattern(made, data, PATTERNS, ["y"]), strict=True
    ):
        assert places.tolist() == list(range(30))
        present = torch.from_numpy(pattern).expand(30, -1)
        expected = made.module_(inputs["values"], present=present)["y"]
        torch.testing.assert_close(scores["y"], expected)


def test_rows_that_lack_a_modality_are_not_asked_about_it(net, dataset, monkeypatch):
    there = np.arange(30) % 3 > 0
    monkeypatch.setattr("sklearn_crossmodal.training._inference.PREDICT_BATCH_SIZE", 7)
    data = dataset(30, present={"b": there}).take(np.arange(5, 30))
    found = scores_by_pattern(net(), data, [*PATTERNS, np.array([False, True])], ["y"])
    expected = np.flatnonzero(there[5:]).tolist()
    assert [places.tolist() for places, _ in found] == [expected, [*range(25)], expected, expected]
    assert [len(scores["y"]) for _, scores in found] == [len(expected), 25, *[len(expected)] * 2]


def test_a_pattern_that_no_row_has_has_no_scores(net, dataset):
    data = dataset(10, present={"b": np.zeros(10, dtype=bool)})
    ((places, scores),) = scores_by_pattern(net(), data, [np.array([True, True])], ["y"])
    assert not len(places)
    assert scores == {}
