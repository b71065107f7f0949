"""Texts of any script: different texts have different ids, and are written as they were read."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_crossmodal import FusionClassifier, ModalityVectorizer, Text
from sklearn_crossmodal.data import UNKNOWN
from sklearn_crossmodal.preprocessing import WordTokenizer
from sklearn_crossmodal.preprocessing.text._word_splitting import join_words, normalize, split_words

#: Texts that differ in what a tokenizer for Latin letters loses.
DIFFERENT = {
    "emoji": [
        "😀",
        "😡",
        "👍",
        "👍🏽",
        "👍🏿",
        "👨‍👩‍👧",
        "👨‍👩‍👦",
        "👩",
        "🏳️‍🌈",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "1️⃣",
        "2️⃣",
    ],
    "flags": ["🇩🇪", "🇫🇷", "🇩🇪🇫🇷", "🇫🇷🇩🇪", "🇫🇩", "🇪🇷"],
    "devanagari": ["काल", "कील", "कल", "काला", "कि", "की"],
    "bengali": ["দিন", "দীন", "কাল", "কল"],
    "tamil": ["கல்", "கால்", "கலை", "கிலி"],
    "thai": ["ไกล", "ใกล้", "มา", "ม้า", "หมา", "เก", "แก"],
    "lao": ["ມາ", "ມ້າ", "ໝາ", "ໄກ", "ໃກ"],
    "khmer": ["កា", "កោ", "ក្រ", "ករ"],
    "burmese": ["ကာ", "ကား", "ကန်", "ကန"],
    "arabic": ["كَتَبَ", "كُتِبَ", "كتب", "عِلم", "عَلم"],
    "hebrew": ["שָׁלוֹם", "שִׁלּוּם", "שלום"],
    "persian": ["می‌خواهم", "میخواهم"],
    "han": ["我爱你", "我爱他", "你爱我", "我"],
    "japanese": ["食べる", "食べた", "食べない", "ラーメン", "ラメン"],
    "korean": ["나는", "너는", "나도"],
    "names": ["C++", "C#", "C", "F#", ".NET", "NET", "C+"],
    "signs": ["yes", "yes!", "yes?", "yes.", "yes...", "yes!!", ":)", ":(", ";)", ":-(", "<3"],
    "math": ["5 > 3", "5 < 3", "5 = 3", "5 + 3", "5 - 3", "5 * 3", "5 / 3", "5 ≤ 3", "53", "5.3"],
    "money": ["$5", "€5", "£5", "5", "5%", "-5", "#5", "@5", "5°"],
}
SAME = [("café", "café"), ("Ångström", "ångström"), ("한국", "한국"), ("क़", "क़"), ("Ǆ", "ǆ")]


@pytest.mark.parametrize("texts", DIFFERENT.values(), ids=DIFFERENT)
@pytest.mark.parametrize("unit", [str, WordTokenizer], ids=["alone", "in a sentence"])
def test_different_texts_have_different_ids(texts, unit):
    if unit is WordTokenizer:
        texts = [f"so {text} it" for text in texts]
    ids = Text().fit(texts).transform(texts).values
    assert len(np.unique(ids, axis=0)) == len(texts)
    assert not (ids == UNKNOWN).any()


@pytest.mark.parametrize("pair", SAME, ids=str)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("tokenizer", ["word", "bpe", str.split], ids=str)
def test_composed_and_decomposed_texts_have_equal_ids(pair, form, tokenizer):
    if tokenizer == "bpe":
        pytest.importorskip("tokenizers")
    text = Text(tokenizer=tokenizer, max_words=300).fit([unicodedata.normalize(form, pair[0])])
    ids = [text.transform([unicodedata.normalize(to, pair[1])]).values for to in ("NFC", "NFD")]
    np.testing.assert_array_equal(*ids)
    assert not (ids[0] == UNKNOWN).any()


def test_an_emoji_that_differs_in_skin_tone_or_drawing_is_not_unknown():
    tokenizer = WordTokenizer().fit(["👍🏽 ❤️", "👋"])
    assert tokenizer.encode(["👍 👍🏿 ❤ 👋🏽"]) == [
        [tokenizer.vocabulary_[word] for word in ("👍🏽", "👍🏽", "❤️", "👋")]
    ]
    assert tokenizer.encode(["👎🏽"]) == [[UNKNOWN]]


@pytest.mark.parametrize(
    "text",
    [
        "yes! no?",
        "well, it's (really) good: i'd say so.",
        '"quoted" and "again", he said.',
        "c++ or c#, .net?",
        "$5 is 50% of $10 at 9:30; 3.5 of 1,500",
        "5 > 3, 2 < 3",
        "a well-known one and/or two",
        "#tag @user :) :-(",
        "ฉันรักแมว",
        "我爱你，北京！ラーメンを食べる。",
        "😀😀 ok 👍🏽",
        "¿qué? «sí»",
        "काल, कील।",
        "می‌خواهم، كِتَاب؟",
    ],
)
def test_the_rules_write_what_was_read(text):
    assert join_words(split_words(text), {}) == text


@pytest.mark.parametrize(
    "text", ["oui !", "http://a.org/b?c=d", "a - b", "e@f.org", "x>y", "我 爱", "5 $", "5 %"]
)
def test_what_fit_saw_is_written_with_its_spaces(text):
    modality = Text().fit([text, "and so on"])
    assert modality.inverse_transform(modality.transform([text]).values)[0] == text


ALPHABETS = {
    "latin": "abczé",
    "cyrillic": "абвгё",
    "greek": "αβγΩσ",
    "devanagari": "कखगािीु्",
    "arabic": "ابتَُِ",
    "hebrew": "אבגָּ",
    "thai": "กขคาิีเแไ้",
    "burmese": "ကခနာိ်္း",
    "khmer": "កខាិ្",
    "han": "我爱你北京",
    "kana": "あいアイー",
    "hangul": "한국어",
    "signs": "!?.,:;()'\"-+<>$€%#@/",
    "emoji": ["😀", "😡", "👍🏽", "❤️", "🇩🇪", "👩‍🚀"],
}
letters = st.sampled_from([letter for alphabet in ALPHABETS.values() for letter in alphabet])
one_script = st.sampled_from(list(ALPHABETS.values())).flatmap(
    lambda alphabet: st.lists(st.sampled_from(list(alphabet)), min_size=1, max_size=6)
)
texts_of = st.lists(
    (one_script | st.lists(letters, min_size=1, max_size=6)).map("".join), max_size=6
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(texts_of)
def test_nothing_but_spaces_is_lost(words):
    text = normalize(" ".join(words), lowercase=True)
    assert "".join(split_words(text)) == "".join(text.split())


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(texts_of)
def test_what_is_written_reads_the_same(words):
    text = " ".join(words)
    tokenizer = WordTokenizer().fit([text])
    ids = tokenizer.transform([text])
    written = tokenizer.inverse_transform(ids)[0]
    assert written.replace(" ", "") == normalize(text, lowercase=True).replace(" ", "")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_texts_with_equal_tokens_differ_in_what_is_not_seen_alone(one, other):
    one, other = (normalize(text) for text in (one, other))
    if split_words(one) == split_words(other):
        seen = [
            [
                c
                for c in text
                if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf", "Cs"}
            ]
            for text in (one, other)
        ]
        assert seen[0] == seen[1]


@pytest.mark.parametrize("texts", DIFFERENT.values(), ids=DIFFERENT)
def test_estimators_tell_the_texts_apart(texts):
    texts = [f"so {text} it" for text in texts[:2]] * 10
    y = [0, 1] * 10
    X = {"text": np.array(texts, dtype=object)}
    model = FusionClassifier([("text", Text(), "text")], max_epochs=50, random_state=0).fit(X, y)
    assert model.score(X, y) == 1
    features = ModalityVectorizer([("text", Text(), "text")], n_components=None).fit_transform(X)
    features = features.toarray() if hasattr(features, "toarray") else features
    assert not np.allclose(features[0], features[1])


def test_a_warning_where_most_texts_have_no_word_left():
    texts = [f"word{k}" for k in range(8)] + ["again", "again", None, " "]
    X = {"review": np.array(texts, dtype=object), "x": np.arange(12.0)}
    modalities = [("words", Text(min_count=2), "review"), ("x", "numeric", "x")]
    with pytest.warns(UserWarning, match="no word") as found:
        FusionClassifier(modalities, max_epochs=1).fit(X, [0, 1] * 6)
    (warning,) = found
    message = str(warning.message)
    assert message.startswith("FusionClassifier: modality 'words' (column 'review')")
    assert "8 of 10 texts have no word" in message
    assert "'word0'" in message
