"""The changelog, put together from the fragments in ``whats_new/``.

``python docs/changelog.py`` prints the notes of the version in work, as they stand at a release.
"""

import re
from pathlib import Path
from textwrap import indent

FOLDER = Path(__file__).parent / "whats_new"
# In the order of the page; what each is for stands in whats_new/README.rst.
SECTIONS = {
    "feature": "New features",
    "enhancement": "Enhancements",
    "efficiency": "Efficiency",
    "fix": "Fixes",
    "api": "Changes of the API",
}
_FRAGMENT = re.compile(r"(\d{4})\.(\w+)\.rst")
_RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+)\.rst")


def release_notes(version: str, folder: Path = FOLDER) -> str:
    """Return the fragments of a folder as the section of one version.

    Parameters
    ----------
    version : str
        Heads the section.
    folder : Path, default=FOLDER
        Holds the fragments, ``<number>.<section>.rst``.

    Returns
    -------
    notes : str
        reStructuredText: a heading for each kind of change that occurs, its bullet points in the
        order of the numbers.

    Raises
    ------
    ValueError
        Where a file has another name than the README of the folder says, or a number that another
        one has.
    """
    found: dict[str, list[str]] = {section: [] for section in SECTIONS}
    numbers: dict[str, str] = {}
    for path in sorted(folder.glob("*.rst")):
        if path.name == "README.rst" or _RELEASE.fullmatch(path.name):
            continue
        number, section = _read_name(path)
        if number in numbers:
            raise ValueError(f"{path.name} has the number of {numbers[number]}; take the next one.")
        numbers[number] = path.name
        found[section].append(_read_bullets(path))
    parts = [_heading(version, "-")]
    for section, bullets in found.items():
        if bullets:
            parts += [_heading(SECTIONS[section], "~"), *bullets]
    return "\n".join(parts)


def changelog(version: str, folder: Path = FOLDER) -> str:
    """Return the whole page: the version in work, then the notes of releases, newest first."""
    releases = [path for path in folder.glob("*.rst") if _RELEASE.fullmatch(path.name)]
    releases.sort(key=_version_of, reverse=True)
    older = [path.read_text(encoding="utf-8") for path in releases]
    return "\n".join([_heading("Changelog", "="), release_notes(version, folder), *older])


def _read_name(path: Path) -> tuple[str, str]:
    match = _FRAGMENT.fullmatch(path.name)
    if not match or match[2] not in SECTIONS:
        raise ValueError(
            f"{path.name} is not named <number of four digits>.<section>.rst, with one of the "
            f"sections {list(SECTIONS)}."
        )
    return match[1], match[2]


def _read_bullets(path: Path) -> str:
    """Return the bullet points of a fragment; a paragraph that is none becomes one."""
    paragraphs = path.read_text(encoding="utf-8").strip().split("\n\n")
    points = [one if one.startswith("- ") else f"- {indent(one, '  ')[2:]}" for one in paragraphs]
    return "\n\n".join(points) + "\n"


def _version_of(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.stem.split("."))


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n"


if __name__ == "__main__":
    from sklearn_crossmodal import __version__

    print(release_notes(__version__))
