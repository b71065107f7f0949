"""The index of the API reference, made from the names in ``api_reference.py``."""

from importlib import import_module
from inspect import getdoc


def api_index(reference: dict[str, list[str]]) -> str:
    """Return the page that lists all public names; autosummary makes a page of each.

    Parameters
    ----------
    reference : dict of str to list of str
        The public names of each module.

    Returns
    -------
    page : str
        reStructuredText: a section for each module, with the first sentence of its docstring.
    """
    parts = ["API reference", "=============", ""]
    pages: dict[int, str] = {}
    for module, names in reference.items():
        home = import_module(module)
        paths = {name: f"{module}.{name}" for name in names}
        # What two modules export has one page, under the first.
        first = {name: pages.setdefault(id(getattr(home, name)), paths[name]) for name in names}
        elsewhere = [path for name, path in first.items() if path != paths[name]]
        summary = getdoc(home).split("\n\n")[0].replace("\n", " ")
        parts += [
            module,
            "-" * len(module),
            "",
            summary,
            "",
            f".. currentmodule:: {module}",
            "",
            ".. autosummary::",
            "    :toctree: api",
            "    :nosignatures:",
            "",
            *(f"    {name}" for name in names if first[name] == paths[name]),
            "",
            *(f"Also here: :obj:`~{path}`.\n" for path in elsewhere),
        ]
    return "\n".join(parts)
