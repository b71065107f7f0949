"""Results on disk, one JSON line for each row, column and seed, so that a run can go on."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["Key", "append", "key_of", "load", "rewrite"]

Key = tuple[str, str, int]


def key_of(result: dict) -> Key:
    """Return row, column and seed of a result."""
    return result["row"], result["column"], result["seed"]


def load(path: Path) -> dict[Key, dict]:
    """Return all results of a file; of several for one key the last, none if there is no file."""
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    found = (json.loads(line) for line in lines if line)
    return {key_of(result): result for result in found}


def append(path: Path, result: dict) -> None:
    """Write a result at once, so that a run that is cut off loses only what was under way."""
    with path.open("a", encoding="utf-8") as file:
        file.write(_line(result))


def rewrite(path: Path, results: dict[Key, dict]) -> None:
    """Write the file anew, sorted and without what was measured again."""
    path.write_text("".join(_line(results[key]) for key in sorted(results)), encoding="utf-8")


def _line(result: dict) -> str:
    return json.dumps(result, ensure_ascii=False) + "\n"
