from collections import Counter

import numpy as np
import pytest

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.datasets import load_emoji

GROUPS = {
    "activities": 85,
    "animals-nature": 159,
    "flags": 270,
    "food-drink": 131,
    "objects": 264,
    "people-body": 386,
    "smileys-emotion": 169,
    "symbols": 224,
    "travel-places": 218,
}


@pytest.mark.parametrize(("split", "n_rows"), [(None, 1906), ("train", 1524), ("test", 382)])
def test_emoji_has_the_documented_rows(split, n_rows):
    emoji = load_emoji(split=split)
    assert isinstance(emoji.data, MultiModalFrame)
    assert emoji.data.shape == (n_rows, 2)
    assert emoji.data["image"].shape == (n_rows, 32, 32, 3)
    assert emoji.data["image"].dtype == np.uint8
    for column in ("target", "name", "keywords", "hexcode", "subgroup", "split"):
        assert emoji[column].shape == (n_rows,)
    assert set(emoji.split) == ({"train", "test"} if split is None else {split})
    assert emoji.target_names.tolist() == list(GROUPS)


def test_emoji_groups_have_the_documented_sizes():
    assert Counter(load_emoji().target.tolist()) == GROUPS


def test_emoji_split_is_stratified_by_group():
    test = Counter(load_emoji(split="test").target.tolist())
    for group, n_rows in GROUPS.items():
        assert test[group] == pytest.approx(n_rows / 5, abs=1)


def test_emoji_rows_of_image_text_and_target_belong_together():
    emoji = load_emoji()
    (row,) = np.flatnonzero(emoji.name == "red heart")
    assert emoji.data["text"][row].startswith("red heart, ")
    assert emoji.target[row] == "smileys-emotion"
    red, green, blue = emoji.images[row, 16, 16]
    assert red > 2 * max(green, blue)

    train = emoji.split == "train"
    part = load_emoji(split="train")
    np.testing.assert_array_equal(part.images, emoji.images[train])
    np.testing.assert_array_equal(part.data["text"], emoji.data["text"][train])
    np.testing.assert_array_equal(part.target, emoji.target[train])


def test_emoji_data_holds_no_column_that_tells_the_group():
    emoji = load_emoji()
    assert list(emoji.data) == emoji.feature_names == ["image", "text"]
    written = [f"{name}, {words}" for name, words in zip(emoji.name, emoji.keywords, strict=True)]
    assert emoji.data["text"].tolist() == written


def test_emoji_as_frame_holds_the_same_as_the_default():
    pandas = pytest.importorskip("pandas")
    arrays, frames = load_emoji(split="test"), load_emoji(split="test", as_frame=True)
    assert list(frames.data.columns) == ["image", "text"]
    assert list(frames.frame.columns) == ["image", "text", "group"]
    assert isinstance(frames.target, pandas.Series)
    assert frames.target.name == "group"
    assert frames.data["text"].tolist() == arrays.data["text"].tolist()
    assert frames.target.tolist() == arrays.target.tolist()
    np.testing.assert_array_equal(np.stack(frames.data["image"].to_list()), arrays.images)


@pytest.mark.parametrize("as_frame", [False, True])
def test_emoji_return_X_y_gives_data_and_target(as_frame):
    X, y = load_emoji(split="test", return_X_y=True, as_frame=as_frame)
    assert X.shape == (382, 2)
    assert y.shape == (382,)


def test_emoji_calls_share_no_memory():
    load_emoji().images[:] = 0
    assert load_emoji().images.any()


def test_emoji_description_names_its_sources():
    description = load_emoji(split="test").DESCR
    for source in ("Twemoji", "CC BY 4.0", "CLDR", "emojibase"):
        assert source in description


def test_emoji_refuses_an_unknown_split():
    with pytest.raises(ValueError, match="'split' parameter of load_emoji must be"):
        load_emoji(split="validation")
