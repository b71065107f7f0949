import numpy as np
import pytest
import torch

from sklearn_crossmodal.data import Block, BlockSpec
from sklearn_crossmodal.training import BlockDataset, split_rows
from sklearn_crossmodal.training._data._batch_iterator import BatchIterator


@pytest.fixture
def numbered():
    """Return a function that makes a data set whose rows hold their number."""

    def make(n, present=None):
        values = np.arange(n, dtype=float)[:, np.newaxis]
        there = np.ones(n, dtype=bool)
        spec = BlockSpec("vector", (1,))
        present = present or {}
        return BlockDataset.from_blocks(
            {name: Block(values, present.get(name, there), spec) for name in ("a", "b", "c")},
            torch.float64,
            {"y": Block(10 * values, there, spec)},
            labels=values[:, 0].astype(str),
        )

    return make


def numbers_of(batch):
    return batch[0]["values"]["a"][:, 0].int().tolist()


def epoch(iterator):
    return [numbers_of(batch) for batch in iterator]


def order(iterator):
    return [number for batch in epoch(iterator) for number in batch]


# Data sets ---------------------------------------------------------------------------------------


def test_a_batch_holds_the_same_rows_of_all_its_parts(numbered):
    inputs, targets, labels = numbered(9).batch(torch.tensor([7, 2]))
    assert [values[:, 0].tolist() for values in inputs["values"].values()] == [[7, 2]] * 3
    assert targets["y"][0][:, 0].tolist() == [70, 20]
    assert labels.tolist() == ["7.0", "2.0"]


def test_data_sets_of_some_rows_share_the_tensors(numbered):
    whole = numbered(9)
    some = whole.take(np.array([8, 3, 1])).take(np.array([1, 2]))
    assert len(some) == 2
    assert some.rows.tolist() == [3, 1]
    assert some.values["a"] is whole.values["a"]
    assert some[1][0]["values"]["a"].item() == 1


def test_numbers_get_the_floating_type_and_categories_stay_integers():
    mask = np.array([[True, True], [True, False]])
    tokens = Block(
        np.array([[3, 2], [2, 0]], dtype=np.int32),
        np.ones(2, dtype=bool),
        BlockSpec("tokens", (2,), n_categories=4),
        mask,
    )
    table = Block(np.ones((2, 3)), np.ones(2, dtype=bool), BlockSpec("vector", (3,)))
    dataset = BlockDataset.from_blocks({"words": tokens, "table": table}, torch.float32)
    assert dataset.values["words"].dtype == torch.int64
    assert dataset.values["table"].dtype == torch.float32
    assert list(dataset.masks) == ["words"]
    assert torch.equal(dataset.masks["words"], torch.from_numpy(mask))


def test_presence_is_kept_only_where_something_is_absent(numbered):
    assert numbered(4).present is None
    there = np.array([True, False, True, True])
    present = numbered(4, present={"b": there}).present
    assert torch.equal(present[:, 1], torch.from_numpy(there))
    assert present[:, [0, 2]].all()


def test_a_sample_that_lacks_a_target_has_no_weight_for_it(dataset):
    there = np.arange(6) < 4
    assert dataset(6).targets["y"][2] is None
    assert dataset(6, present={"y": there}).targets["y"][2].tolist() == [1, 1, 1, 1, 0, 0]
    weighted = dataset(6, sample_weight=np.arange(6.0), present={"y": there})
    assert weighted.targets["y"][2].tolist() == [0, 1, 2, 3, 0, 0]


def test_arrays_that_cannot_be_written_are_taken():
    values = np.arange(6.0).reshape(3, 2)
    values.flags.writeable = False
    block = Block(values, np.ones(3, dtype=bool), BlockSpec("vector", (2,)))
    dataset = BlockDataset.from_blocks({"a": block}, torch.float64)
    np.testing.assert_array_equal(dataset.values["a"].numpy(), values)


# Batches -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("n", "batch_size"), [(12, 4), (13, 4), (14, 4), (5, 8), (1, 1), (7, 1)])
def test_an_epoch_has_each_row_once(numbered, n, batch_size, shuffle):
    iterator = BatchIterator(numbered(n), batch_size, shuffle=shuffle)
    for _ in range(3):
        batches = epoch(iterator)
        assert sorted(number for batch in batches for number in batch) == list(range(n))
        assert len(batches) == len(iterator)


@pytest.mark.parametrize(
    ("n", "batch_size", "sizes"),
    [(12, 4, [4, 4, 4]), (14, 4, [4, 4, 4, 2]), (13, 4, [4, 4, 5]), (5, 8, [5]), (1, 4, [1])],
)
def test_a_last_sample_of_its_own_joins_the_batch_before_it(numbered, n, batch_size, sizes):
    assert [len(batch) for batch in epoch(BatchIterator(numbered(n), batch_size))] == sizes


def test_order_is_kept_without_shuffling_and_new_each_epoch_with_it(numbered):
    plain, shuffled = (BatchIterator(numbered(20), 5, shuffle=shuffle) for shuffle in (False, True))
    assert order(plain) == list(range(20))
    first, second = order(shuffled), order(shuffled)
    assert first != list(range(20))
    assert first != second


def test_the_seed_decides_order_and_hiding(numbered):
    def run(seed):
        iterator = BatchIterator(numbered(20), 5, shuffle=True, seed=seed, modality_dropout=0.5)
        return [
            (numbers_of(batch), batch[0]["present"].tolist())
            for _ in range(2)
            for batch in iterator
        ]

    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    assert run(3) == run(3)
    assert run(3) != run(4)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_rows_of_a_part_of_the_data_stay_within_it(numbered):
    part = numbered(20).take(np.array([3, 5, 8, 13]))
    assert sorted(order(BatchIterator(part, 2, shuffle=True))) == [3, 5, 8, 13]


# Modality dropout --------------------------------------------------------------------------------


def hidden(dataset, rate, n_epochs=1, batch_size=500):
    iterator = BatchIterator(dataset, batch_size, shuffle=True, seed=0, modality_dropout=rate)
    return torch.cat([batch[0]["present"] for _ in range(n_epochs) for batch in iterator])


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_a_modality_is_hidden_as_often_as_asked_where_another_is_left(numbered, rate):
    present = hidden(numbered(20_000), rate)
    # Where all three would be hidden none is: a modality is left with (1 - r) + r ** 3.
    expected = 1 - rate + rate**3
    np.testing.assert_allclose(present.double().mean(dim=0), [expected] * 3, atol=0.015)
    assert present.any(dim=1).all()


def test_hiding_never_shows_what_is_absent_nor_leaves_nothing(numbered):
    there = np.arange(2000) % 2 == 0
    dataset = numbered(2000, present={"b": there, "c": ~there})
    iterator = BatchIterator(dataset, 100, shuffle=True, modality_dropout=0.9)
    n_hidden = 0
    for batch in iterator:
        rows = torch.tensor(numbers_of(batch))
        present, truly = batch[0]["present"], dataset.present[rows]
        assert not (present & ~truly).any()
        assert present.any(dim=1).all()
        n_hidden += int((truly & ~present).sum())
    assert n_hidden > 0


def test_hiding_is_drawn_anew_each_epoch(numbered):
    first, second = hidden(numbered(50), 0.5, n_epochs=2).split(50)
    assert not torch.equal(first, second)


def test_without_dropout_nothing_is_hidden(numbered):
    assert next(iter(BatchIterator(numbered(9), 4)))[0]["present"] is None


def test_a_single_modality_is_never_hidden():
    block = Block(np.ones((9, 1)), np.ones(9, dtype=bool), BlockSpec("vector", (1,)))
    dataset = BlockDataset.from_blocks({"a": block}, torch.float64)
    for inputs, _, _ in BatchIterator(dataset, 4, modality_dropout=0.9):
        assert inputs["present"] is None


# Noise -------------------------------------------------------------------------------------------


def test_noise_is_as_strong_as_asked_and_anew_each_epoch(numbered):
    dataset = numbered(2000)
    clean = dataset.values["a"].clone()
    iterator = BatchIterator(dataset, 500, noise=0.3)
    found = [
        torch.cat([inputs["values"]["a"] for inputs, _, _ in iterator]) - clean for _ in range(2)
    ]
    assert all(float(noise.std()) == pytest.approx(0.3, rel=0.1) for noise in found)
    assert all(abs(float(noise.mean())) < 0.03 for noise in found)
    assert not torch.equal(*found)
    assert torch.equal(dataset.values["a"], clean)


def test_noise_spares_the_target_codes_and_tokens(numbered):
    there = np.ones(4, dtype=bool)
    codes = Block(np.arange(4)[:, np.newaxis], there, BlockSpec("codes", (1,), n_categories=(4,)))
    steps = Block(np.ones((4, 3, 2)), there, BlockSpec("sequence", (3, 2)), np.ones((4, 3), bool))
    numbers = Block(np.ones((4, 2)), there, BlockSpec("vector", (2,)))
    inputs = {"codes": codes, "steps": steps, "numbers": numbers}
    dataset = BlockDataset.from_blocks(inputs, torch.float64, {"y": numbers})
    ((inputs, targets, _),) = BatchIterator(dataset, 4, noise=0.3)
    assert torch.equal(inputs["values"]["codes"], dataset.values["codes"])
    assert torch.equal(inputs["values"]["steps"], dataset.values["steps"])
    assert (inputs["values"]["numbers"] != 1).all()
    assert (targets["y"][0] == 1).all()


# Held-out rows -----------------------------------------------------------------------------------


def test_split_has_each_row_once_in_ascending_order():
    training, validation = split_rows(100, 0.2, None, np.random.RandomState(0))
    assert len(validation) == 20
    assert sorted([*training, *validation]) == list(range(100))
    assert (np.diff(training) > 0).all()
    assert (np.diff(validation) > 0).all()


def test_split_is_stratified():
    classes = np.repeat([0, 1, 2], [60, 30, 10])
    _, validation = split_rows(100, 0.2, classes, np.random.RandomState(0))
    assert np.bincount(classes[validation]).tolist() == [12, 6, 2]


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.95])
def test_rare_classes_stay_in_training(fraction):
    classes = np.repeat([0, 1, 2], [60, 2, 1])
    training, _ = split_rows(63, fraction, classes, np.random.RandomState(0))
    assert set(classes[training]) == {0, 1, 2}


def test_split_of_nothing_but_rare_classes_holds_nothing_out():
    training, validation = split_rows(6, 0.5, np.arange(6), np.random.RandomState(0))
    assert len(training) == 6
    assert len(validation) == 0


def test_split_follows_the_random_state():
    splits = [split_rows(50, 0.2, None, np.random.RandomState(seed))[1] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(splits[0], splits[1])
    assert not np.array_equal(splits[0], splits[2])


# Batches of similar length -----------------------------------------------------------------------


@pytest.fixture
def texts():
    """Return a function that makes texts of one to 60 words, whose words are their row number."""

    def make(n, seed=0):
        lengths = np.random.default_rng(seed).integers(1, 61, n)
        mask = np.arange(60) < lengths[:, np.newaxis]
        ids = np.where(mask, np.arange(n)[:, np.newaxis] + 3, 0)
        spec = BlockSpec("tokens", (60,), n_categories=n + 3)
        block = Block(ids, np.ones(n, dtype=bool), spec, mask)
        return BlockDataset.from_blocks({"words": block}, torch.float32), lengths

    return make


def rows_of(batch):
    return (batch[0]["values"]["words"][:, 0] - 3).tolist()


@pytest.mark.parametrize("n", [400, 405])
def test_shuffled_texts_come_in_batches_of_similar_length(texts, n):
    dataset, lengths = texts(n)
    batches = [rows_of(batch) for batch in BatchIterator(dataset, 8, shuffle=True, seed=1)]
    assert sorted(row for batch in batches for row in batch) == list(range(n))
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded < 1.15 * lengths.sum()
    assert [len(batch) for batch in batches[:-1]] == [8] * (len(batches) - 1)
    longest = [lengths[batch].max() for batch in batches]
    assert longest != sorted(longest)


def test_batches_of_similar_length_are_others_each_epoch(texts):
    iterator = BatchIterator(texts(400)[0], 8, shuffle=True)
    first, second = ({tuple(sorted(rows_of(batch))) for batch in iterator} for _ in range(2))
    assert len(first & second) < len(first) / 4


def test_texts_that_are_not_shuffled_keep_their_order(texts):
    batches = [rows_of(batch) for batch in BatchIterator(texts(20)[0], 8)]
    assert batches == [list(range(8)), list(range(8, 16)), list(range(16, 20))]


# Gathering ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("gathered", [1, 7, 16, 1000])
def test_how_many_rows_are_gathered_at_once_changes_nothing(numbered, monkeypatch, gathered):
    there = np.arange(50) % 3 > 0

    def batches():
        dataset = numbered(50, present={"b": there})
        iterator = BatchIterator(dataset, 8, shuffle=True, seed=3, modality_dropout=0.3)
        return [
            (inputs["values"]["a"], inputs["present"], targets["y"][0], labels.tolist())
            for inputs, targets, labels in iterator
        ]

    plain = batches()
    monkeypatch.setattr("sklearn_crossmodal.training._data._dataset.GATHERED_ROWS", gathered)
    for one, other in zip(plain, batches(), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one[:3], other[:3], strict=True))
        assert one[3] == other[3]


def test_rows_in_order_are_views_of_the_data(numbered):
    dataset = numbered(20)
    for batch in BatchIterator(dataset, 8):
        values = batch[0]["values"]["a"]
        assert (
            values.untyped_storage().data_ptr() == dataset.values["a"].untyped_storage().data_ptr()
        )
