"""Settings of Sphinx: ``make docs`` builds the pages into ``_build``."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

from api_pages import api_index  # noqa: E402
from api_reference import API_REFERENCE  # noqa: E402
from changelog import changelog  # noqa: E402

from sklearn_crossmodal import __version__  # noqa: E402

project = "sklearn_crossmodal"
author = "The sklearn_crossmodal developers"
copyright = author
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "mathml",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "whats_new"]
templates_path = ["_templates"]
# `FusionClassifier` in a docstring is a link where a page of that name exists, and code elsewhere.
default_role = "py:obj"
extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s")}

autosummary_generate = True
toc_object_entries_show_parents = "hide"
# Each method stands in full on the page of its class.
numpydoc_show_class_members = False

# The examples that take less than two minutes together; the others show figures stored in _static.
RUN = ["plot_absent_modalities", "plot_grid_with_ridge"]
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "generated/examples",
    "filename_pattern": "/(" + "|".join(RUN) + r")\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    "write_computation_times": False,
    "copyfile_regex": r"GALLERY_HEADER\.rst",
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "sklearn_crossmodal"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
}
# The landing page and the changelog have nothing to show beside themselves.
html_sidebars = {"index": [], "generated/changelog": [], "glossary": [], "how_to_add": []}


def _write_pages(app, config):
    """Write the pages that are made from lists, before Sphinx looks which pages there are."""
    folder = DOCS / "generated"
    folder.mkdir(exist_ok=True)
    pages = {"api.rst": api_index(API_REFERENCE), "changelog.rst": changelog(__version__)}
    for name, text in pages.items():
        path = folder / name
        # An untouched file is not read again.
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _skip_inherited(app, what, name, member, skip, options):
    """Leave out what scikit-learn and torch define: get_params, set_output, and 60 of a module."""
    home = getattr(member, "__module__", None)
    if home is None and isinstance(member, property):
        home = member.fget.__module__
    return skip or not str(home).startswith("sklearn_crossmodal")


def _drop_foreign_terms(app, what, name, obj, options, lines):
    """Take the links out of docstrings of scikit-learn's properties: its glossary is not here."""
    lines[:] = [line.replace(":term:`fit`", "`fit`") for line in lines]


def setup(app):
    """Connect what this file adds to Sphinx."""
    app.connect("config-inited", _write_pages)
    app.connect("autodoc-skip-member", _skip_inherited)
    app.connect("autodoc-process-docstring", _drop_foreign_terms, priority=900)  # after numpydoc
