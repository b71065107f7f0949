"""Split texts of any script into words, and join words to texts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

__all__ = ["find_exceptions", "join_words", "normalize", "simplify_emoji", "split_words"]

# Emoticons, except for ambiguous ones: "://" is part of a URL, and ":3" of a time.
_FACES = r":/(?!/)|[:;=]['^-]?[()\[\]|\\*]|[:;](?<!\w.)-?[dDpPoO3](?!\w)|<3(?!\w)"
# "C++", "C#", "F#"; ".NET" at the start of a word.
_AFTER = r"(?:(?:\+\+|#)(?!\w))?"
_DOTTED = r"\.(?<![\w.].)(?i:net)\b"
#: Sufficient for ASCII text. Each alternative starts with a set of characters, which makes the
#: search fast.
_ASCII = re.compile(rf"\w+{_AFTER}|{_FACES}|{_DOTTED}|[!-/:-@\[-^`{{-~]", re.ASCII)

#: Letters of scripts without spaces between words: Han, Hiragana and Katakana, Thai, Lao, Burmese,
#: Khmer, and those of the Tai languages, Java and Bali.
_UNSPACED = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U000323af\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46"
    "\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf\u1000-\u102a\u103f\u1050-\u1055"
    "\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e\u1780-\u17b3\u17d7\u17dc"
    "\u1950-\u19ab\u1a20-\u1a54\ua984-\ua9b2\u1b05-\u1b33"
)
#: Control characters, direction and line break marks, lone surrogates.
_DROPPED = (
    "\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0001-\U000e007f"
)
#: Latin, Greek, Cyrillic, Armenian, punctuation, currency and mathematical symbols.
_IS_UNMARKED = re.compile(
    "[\x00-\u02ff\u0370-\u0482\u048a-\u058f\u1e00-\u200a\u2010-\u205f\u20a0-\u20cf\u2100-\u25ff]*"
)
_UNMARKED = re.compile(rf"\w+{_AFTER}|{_FACES}|{_DOTTED}|[^\w\s{_DROPPED}]")
_SKIN = "\U0001f3fb-\U0001f3ff"
_TAGS = "\U000e0020-\U000e007f"  # of the flags of England, Scotland and Wales
_SIMPLER = re.compile(f"[\ufe0e\ufe0f{_SKIN}]")

#: Symbols without a space before, after, or on both sides.
_CLOSING = frozenset(".,!?;:)]}%…»”’，。、！？；：）】》」』・։؟،؛।॥၊။។៕°")
_OPENING = frozenset("([{¿¡«“‘$£€¥₹#@（【《「『")
_JOINING = frozenset("'-/\\，。、！？；：（）【】《》「」『』・·་")
#: Number of characters in `fit` that are searched for exceptions to these rules.
_MAX_CHARACTERS = 30_000


def normalize(text: str, *, lowercase: bool = False) -> str:
    """Normalise a text to NFC, so that equal texts are equal strings."""
    if text.isascii():
        return text.lower() if lowercase else text
    text = unicodedata.normalize("NFC", text)
    return unicodedata.normalize("NFC", text.lower()) if lowercase else text


def split_words(text: str) -> list[str]:
    """Split a normalised text into words and symbols.

    Words have their combining marks. For scripts without spaces, single ideographs and syllables
    are words; so are emoji and flags, and all other symbols one by one. Only spaces and control
    characters are dropped.

    Examples
    --------
    >>> from sklearn_crossmodal.preprocessing.text._word_splitting import split_words
    >>> split_words("don't! C++ :) काल 我们 👍🏽🇩🇪")
    ['don', "'", 't', '!', 'C++', ':)', 'काल', '我', '们', '👍🏽', '🇩🇪']
    """
    return _finder(text).findall(text)


def _finder(text: str) -> re.Pattern:
    """Return the pattern for a text; those for scripts without combining marks are faster."""
    if text.isascii():
        return _ASCII
    return _UNMARKED if _IS_UNMARKED.fullmatch(text) else _any_script()


@cache
def _any_script() -> re.Pattern:
    """Return the pattern for all scripts, compiled on first use."""
    marks = _marks()
    letters = rf"[^\W{_UNSPACED}]"
    follows = rf"[{marks}]|[\u200c\u200d](?=[\w{marks}])"
    word = rf"{letters}+(?:(?:{follows})+{letters}*)*{_AFTER}"
    thai = rf"[\u0e40-\u0e44]?[\u0e01-\u0e2e][{marks}\u0e30\u0e32\u0e33\u0e45]*"
    lao = rf"[\u0ec0-\u0ec4]?[\u0e81-\u0eae\u0edc-\u0edf][{marks}\u0eb0\u0eb2\u0eb3\u0ebd]*"
    khmer = rf"[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[{marks}])*"
    closed = rf"[\u1000-\u1021][\u1037\u1038]?\u103a[{marks}]*"
    burmese = rf"[\u1000-\u102a\u103f](?:\u1039[\u1000-\u1021]|[{marks}])*(?:{closed})*"
    katakana = rf"[\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f]+[{marks}]*"
    syllable = f"{thai}|{lao}|{khmer}|{burmese}|{katakana}|[{_UNSPACED}][{marks}]*"
    sign = rf"[^\w\s{_DROPPED}][{marks}{_SKIN}{_TAGS}]*"
    emoji = rf"[\U0001f1e6-\U0001f1ff]{{2}}|{sign}(?:\u200d{sign})*"
    return re.compile(f"{word}|{syllable}|{_FACES}|{_DOTTED}|{emoji}")


def _marks() -> str:
    """Return all combining marks, as ranges for a character set."""
    # Planes 0 and 1, and the variation selectors of ideographs; there are no others.
    codes = [*range(0x300, 0x20000), *range(0xE0100, 0xE01F0)]
    marks = [code for code in codes if unicodedata.category(chr(code))[0] == "M"]
    ranges = []
    for code in marks:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def simplify_emoji(word: str) -> str:
    """Remove skin tone and variation selector of an emoji; other words are unchanged."""
    return word if word.isascii() else _SIMPLER.sub("", word)


def join_words(words: Iterable[str], exceptions: Mapping[tuple[str, str], bool]) -> str:
    """Join words and symbols to a text: "yes!", not "yes !".

    `exceptions` are those of `find_exceptions`.
    """
    words = list(words)
    parts = words[:1]
    for place, spaced in enumerate(_spaces(words), 1):
        pair = words[place - 1], words[place]
        parts += [" " if exceptions.get(pair, spaced) else "", words[place]]
    return "".join(parts)


def find_exceptions(texts: Iterable[str], weights: Iterable[float]) -> dict:
    """Find pairs of adjacent words whose spacing in texts mostly differs from the rules.

    Return for each pair whether there is a space between. Of normalised texts only the first are
    used.
    """
    balance: Counter = Counter()
    wrong: set = set()
    left = _MAX_CHARACTERS
    for text, weight in zip(texts, weights, strict=False):
        found = list(_finder(text).finditer(text[:left]))
        words = [match[0] for match in found]
        for place, spaced in enumerate(_spaces(words), 1):
            before, match = found[place - 1], found[place]
            pair, has_space = (before[0], match[0]), before.end() < match.start()
            balance[pair] += weight if has_space else -weight
            if has_space != spaced:
                wrong.add(pair)
        left -= len(text)
        if left <= 0:
            break
    return {pair: balance[pair] > 0 for pair in sorted(wrong)}


def _spaces(words: list[str]) -> list[bool]:
    """Return for each word but the first whether the rules have a space before it."""
    spaces, is_open = [], words[:1] == ['"']
    for place in range(1, len(words)):
        left, right = words[place - 1], words[place]
        if right == '"':
            is_open = not is_open
        opening = left in _OPENING or (left == '"' and is_open)
        closing = right in _CLOSING or (right == '"' and not is_open)
        joined = opening or closing or left in _JOINING or right in _JOINING
        spaces.append(not (joined or _are_joined(left, right) or _is_number(words, place)))
    return spaces


def _are_joined(left: str, right: str) -> bool:
    """Return whether both words are of scripts without spaces, or both are emoji."""
    if left[-1].isascii() or right[0].isascii():
        return False
    unspaced = _in_unspaced(left[0]) and _in_unspaced(right[0])
    return unspaced or (_is_emoji(left) and _is_emoji(right))


def _is_emoji(word: str) -> bool:
    return unicodedata.category(word[0]) == "So"


def _is_number(words: list[str], place: int) -> bool:
    """Return whether a word continues a number: the 5 of 3.5, the 30 of 9:30, the 500 of 1,500."""
    left, right = words[place - 1], words[place]
    if place < 2 or left not in {".", ",", ":"} or not right.isdigit():
        return False
    return words[place - 2].isdigit() and (left != "," or len(right) == 3)


_in_unspaced = cache(re.compile(f"[{_UNSPACED}]").match)
