"""Print the files that hold the public interface: what ``make typecheck`` looks at.

These are the ``__init__.py`` of every public folder, and the files that define what users import
from ``sklearn_crossmodal``, its data sets, exceptions, metrics and searches.
"""

import inspect
from importlib import import_module
from pathlib import Path

import sklearn_crossmodal
from sklearn_crossmodal.utils.discovery import all_estimators

ROOT = Path(sklearn_crossmodal.__file__).parent
MODULES = ["", ".datasets", ".exceptions", ".metrics", ".model_selection", ".utils"]


def public_modules() -> list[Path]:
    """Return the files of the public interface, each once."""
    found = {
        path
        for path in ROOT.rglob("__init__.py")
        if not any(part.startswith("_") for part in path.parent.relative_to(ROOT).parts)
    }
    for name in MODULES:
        module = import_module(f"sklearn_crossmodal{name}")
        names = getattr(module, "__all__", dir(module))
        # What scikit-learn's validate_params wraps is found in its own file.
        objects = [inspect.unwrap(getattr(module, public)) for public in names if public[0] != "_"]
        found |= {
            Path(inspect.getfile(one))
            for one in objects
            if inspect.isclass(one) or inspect.isfunction(one)
        }
    found |= {Path(inspect.getfile(estimator)) for _, estimator in all_estimators()}
    return sorted(path for path in found if path.is_relative_to(ROOT))


if __name__ == "__main__":
    for path in public_modules():
        print(path.relative_to(Path.cwd()))
