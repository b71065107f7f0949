"""Find and load files of pretrained models. Nothing is downloaded."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import nn

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils import import_optional

__all__ = ["find_folder", "folder_stamp", "load_folder", "load_weights", "read_json"]

#: The configuration files of sentence-transformers, and of transformers.
_CONFIG_FILES = ("modules.json", "config.json")


def find_folder(source: str | Path) -> Path:
    """Return the folder of a model.

    The source is a folder, the name of an installed package that contains a model, or the name of a
    model in the local cache of the Hugging Face hub.

    Examples
    --------
    >>> from sklearn_crossmodal.nn.pretrained._files import find_folder
    >>> find_folder("no/such/model")
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: no folder, installed package or model in the ...
    """
    path = Path(source).expanduser()
    if path.is_file():
        raise ModalityError(
            f"{str(source)!r} is a file: give the folder of a model, or weights with the module "
            "they belong to, Pretrained(make_module, weights=...)."
        )
    if path.is_dir():
        if any((path / mark).exists() for mark in _CONFIG_FILES):
            return path
        raise ModalityError(
            f"{str(source)!r} holds no model of sentence-transformers or transformers: it has "
            f"neither {_CONFIG_FILES[0]} nor {_CONFIG_FILES[1]}."
        )
    found = _in_package(str(source)) or _in_hub_cache(str(source))
    if found is None:
        raise ModalityError(
            f"no folder, installed package or model in the local cache of the Hugging Face hub is "
            f"called {str(source)!r}. Nothing is downloaded: give the folder of a model."
        )
    return found


def folder_stamp(folder: Path) -> tuple:
    """Return sizes and modification times of the files in a folder, to detect changes."""
    found = [(path, path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in found)


def load_folder(folder: Path) -> nn.Module:
    """Load a model of sentence-transformers or transformers."""
    purpose = f"The model in {folder}"
    transformers = import_optional("transformers", extra="pretrained", purpose=purpose)
    bars = transformers.utils.logging
    enabled = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        if (folder / _CONFIG_FILES[0]).exists():
            package = import_optional("sentence_transformers", extra="pretrained", purpose=purpose)
            return package.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        model = transformers.AutoModel.from_pretrained(folder, local_files_only=True)
        return model.get_encoder() if model.config.is_encoder_decoder else model
    finally:
        if enabled:
            bars.enable_progress_bar()


def load_weights(module: nn.Module, weights) -> None:
    """Load the weights of a module from a file of `torch.save` or safetensors.

    For weights of torchvision it is the file in the local cache of `torch.hub`.
    """
    url = getattr(weights, "url", None)
    if url is None:
        path = Path(weights).expanduser()
    else:
        path = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not path.is_file():
        raise ModalityError(f"weights={str(path)!r} is no file; nothing is downloaded.")
    if path.suffix == ".safetensors":
        purpose = f"Reading {path}"
        found = import_optional("safetensors.torch", extra="pretrained", purpose=purpose)
        state = found.load_file(path)
    else:
        state = torch.load(path, map_location="cpu", weights_only=True)
    module.load_state_dict(state.get("state_dict", state))


def read_json(path: Path) -> dict:
    """Return the content of a JSON file; {} if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@lru_cache(maxsize=32)
def _in_package(name: str) -> Path | None:
    """Return the folder of a model in an installed package."""
    try:
        files = metadata.files(name) or []
    except (metadata.PackageNotFoundError, ValueError):
        return None
    for mark in _CONFIG_FILES:  # sentence-transformers first, since it defines the pooling
        folders = [Path(file.locate()).parent for file in files if file.name == mark]
        folders = [folder for folder in folders if _has_weights(folder, mark)]
        if folders:
            return min(folders, key=lambda folder: len(folder.parts))
    return None


def _has_weights(folder: Path, mark: str) -> bool:
    patterns = ("*.safetensors", "pytorch_model*.bin")
    return mark == _CONFIG_FILES[0] or any(list(folder.glob(pattern)) for pattern in patterns)


def _in_hub_cache(name: str) -> Path | None:
    if find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):  # not cached, or not a valid name
        return None
