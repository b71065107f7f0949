"""Word vectors are found in memory and in files; words without one get the same random one."""

import gzip
import subprocess
import sys

import numpy as np
import pytest

from sklearn_crossmodal.preprocessing import embedding_table, find_vectors

VECTORS = {"cat": [1.0, 2.0, 3.0], "dog": [-1.0, 0.5, 0.0], "the": [0.25, 0.0, -4.0]}
TEXT = "".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in VECTORS.items())
BINARY = b"3 3\n" + b"".join(
    word.encode() + b" " + np.array(vector, "<f4").tobytes() + b"\n"
    for word, vector in VECTORS.items()
)


class Keyed:
    """What gensim's KeyedVectors has."""

    key_to_index = {word: place for place, word in enumerate(VECTORS)}
    vectors = np.array(list(VECTORS.values()), dtype=np.float32)


def forms(tmp_path):
    contents = {
        "glove.txt": TEXT.encode(),
        "word2vec.txt": b"3 3\n" + TEXT.encode(),
        "word2vec.bin": BINARY,
        "tight.bin": BINARY.replace(b"\ndog", b"dog").replace(b"\nthe", b"the"),
        "windows.txt": TEXT.replace("\n", " \r\n").encode() + b"\n",
        "glove.txt.gz": gzip.compress(TEXT.encode()),
        "word2vec.bin.gz": gzip.compress(BINARY),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [VECTORS, Keyed(), *(tmp_path / name for name in contents)]


def test_every_source_gives_the_same_vectors(tmp_path):
    for source in forms(tmp_path):
        found = find_vectors(source, {"cat", "the", "bird"})
        assert set(found) == {"cat", "the"}, source
        for word, vector in found.items():
            assert vector.dtype == np.float32
            assert vector.tolist() == VECTORS[word]
    assert find_vectors(str(tmp_path / "glove.txt"), {"dog"})["dog"].tolist() == VECTORS["dog"]


def test_gensim_and_its_files(tmp_path):
    models = pytest.importorskip("gensim.models")
    keyed = models.KeyedVectors(3)
    keyed.add_vectors(list(VECTORS), np.array(list(VECTORS.values()), np.float32))
    keyed.save_word2vec_format(tmp_path / "text.txt")
    keyed.save_word2vec_format(tmp_path / "binary.bin", binary=True)
    for source in (keyed, tmp_path / "text.txt", tmp_path / "binary.bin"):
        found = find_vectors(source, {"cat", "dog", "the", "bird"})
        assert {word: vector.tolist() for word, vector in found.items()} == VECTORS


def test_words_of_any_script_and_with_spaces_are_read(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("größe 1 2\n. . . 3 4\n世界 5 6\nat name@site 7 8\n", encoding="utf-8")
    found = find_vectors(path, {"größe", "世界", ". . ."})
    assert {word: vector.tolist() for word, vector in found.items()} == {
        "größe": [1, 2],
        ". . .": [3, 4],
        "世界": [5, 6],
    }


def test_of_a_word_that_comes_twice_the_first_counts(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("a 1 2\na 3 4\n")
    assert find_vectors(path, {"a"})["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", "line 1"),
        (b"cat 1 2 3\ndog 1 2\n", "line 2"),
        (b"cat 1 2 3\ndog 1 2 3 4\n", "line 2"),
        (b"cat 1 2 3\n\ndog 1 two 3\n", "line 3"),
        (b"2 3\ncat 1 2 3\ndog 1 nan 3\n", "line 3"),
        (b"2 3\ncat 1 2 x\n", "line 2"),
        (b"cat\n", "line 1"),
        (BINARY[:-3], "word 3 of 3"),
        (BINARY.replace(b"\x00\x00\x80?", b"\x00\x00\xc0\x7f"), "word 1"),
    ],
)
def test_a_malformed_line_is_named_with_its_file(tmp_path, content, place):
    path = tmp_path / "broken.vec"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"broken\.vec, {place}[:,]"):
        find_vectors(path, {"cat", "dog", "the"})


@pytest.mark.parametrize("wrong", [[1.0, 2.0], [1.0, np.inf, 0.0], [[1.0, 2.0, 3.0]], 3.0])
def test_a_vector_of_another_form_is_named(wrong):
    with pytest.raises(ValueError, match="the vector of 'dog' must be 3 finite numbers"):
        find_vectors({"cat": [1, 2, 3], "dog": wrong}, {"cat", "dog"})


def test_another_source_is_refused():
    with pytest.raises(TypeError, match="vectors are a mapping .* got int"):
        find_vectors(7, {"cat"})
    with pytest.raises(FileNotFoundError):
        find_vectors("not_there.txt", {"cat"})


def test_table_holds_found_vectors_zeros_and_small_random_ones():
    rng = np.random.default_rng(0)
    words = [f"w{place}" for place in range(400)]
    given = {word: 3 * rng.normal(size=50) for word in words[:200]}
    table = embedding_table(given, ["", *words])
    assert table.dtype == np.float32
    assert not table[0].any()
    np.testing.assert_array_equal(table[1:201], np.float32(list(given.values())))
    drawn = table[201:]
    assert abs(drawn.mean()) < 0.1
    assert drawn.std() == pytest.approx(3, rel=0.05)
    assert len(np.unique(drawn, axis=0)) == 200


@pytest.mark.slow
def test_a_word_without_a_vector_gets_the_same_in_any_vocabulary_and_process():
    table = embedding_table({"cat": [1, 2]}, ["cat", "bird", "fish"])
    other = embedding_table({"cat": [1, 2]}, ["fish", "cow", "cat"])
    assert table[2].tolist() == other[0].tolist()
    code = (
        "from sklearn_crossmodal.preprocessing import embedding_table\n"
        "print(embedding_table({'cat': [1, 2]}, ['cat', 'bird', 'fish']).tolist())"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout.decode().strip() == str(table.tolist())


def test_vectors_of_no_word_are_an_error():
    with pytest.raises(ValueError, match="none of the 1 words of the vocabulary has a vector"):
        embedding_table({"Cat": [1, 2]}, ["", "cat"])


def test_vectors_are_left_as_they_are():
    keyed = Keyed()
    keyed.vectors = keyed.vectors.copy()
    keyed.vectors.flags.writeable = False
    embedding_table(keyed, ["cat"])[:] = 0
    np.testing.assert_array_equal(keyed.vectors, Keyed.vectors)
