from importlib import metadata
from pathlib import Path

import pytest
import torch
from torch import nn

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn.pretrained import _files
from sklearn_crossmodal.nn.pretrained._files import find_folder, load_weights


@pytest.fixture(autouse=True)
def _forget_packages():
    _files._in_package.cache_clear()
    yield
    _files._in_package.cache_clear()


def model_folder(path, *, sentences=False):
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"")
    if sentences:
        (path / "modules.json").write_text("[]")
    return path


class InstalledFile:
    """As `importlib.metadata.PackagePath`."""

    def __init__(self, path):
        self.name, self.path = path.name, path

    def locate(self):
        return self.path


@pytest.fixture
def installed(monkeypatch, tmp_path):
    def files(name):
        if name != "a-model":
            raise metadata.PackageNotFoundError(name)
        return [InstalledFile(path) for path in sorted((tmp_path / "site").rglob("*.*"))]

    monkeypatch.setattr(_files.metadata, "files", files)
    return tmp_path / "site"


def test_a_folder_is_itself(tmp_path):
    folder = model_folder(tmp_path / "model")
    assert find_folder(folder) == find_folder(str(folder)) == folder


def test_the_folder_of_a_package_is_found_among_its_files(installed):
    folder = model_folder(installed / "a_model" / "weights")
    (installed / "a_model" / "config.json").write_text("{}")  # settings of something else
    assert find_folder("a-model") == folder


def test_sentence_models_come_before_the_transformer_they_are_made_of(installed):
    folder = model_folder(installed / "a_model" / "deep" / "model", sentences=True)
    model_folder(installed / "a_model" / "transformer")
    assert find_folder("a-model") == folder


def test_a_package_without_a_model_is_none(installed):
    installed.mkdir()
    with pytest.raises(ModalityError, match="'a-model'"):
        find_folder("a-model")


def test_a_model_in_the_cache_of_the_hub_is_found(monkeypatch, tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    home = tmp_path / "models--someone--model"
    folder = model_folder(home / "snapshots" / "0123abc")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0123abc")
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path))
    original = hub.snapshot_download

    def in_test_cache(name, *, local_files_only):
        return original(name, local_files_only=local_files_only, cache_dir=tmp_path)

    monkeypatch.setattr(hub, "snapshot_download", in_test_cache)
    assert find_folder("someone/model") == folder
    with pytest.raises(ModalityError, match="Nothing is downloaded"):
        find_folder("someone/other")


@pytest.mark.parametrize("name", ["no-such-model", "no/such/model", "", "../nowhere", "a b\nc"])
def test_a_model_that_is_not_there_is_named(name):
    with pytest.raises(ModalityError) as caught:
        find_folder(name if name else "?")
    assert repr(name if name else "?") in str(caught.value)
    assert "Nothing is downloaded" in str(caught.value)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(ModalityError, match="neither modules.json nor config.json"):
        find_folder(tmp_path)


def test_a_file_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"")
    with pytest.raises(ModalityError, match="Pretrained\\(make_module, weights="):
        find_folder(tmp_path / "weights.pt")


# Weights -----------------------------------------------------------------------------------------


def test_weights_that_torch_saved_are_loaded(tmp_path):
    saved, module = nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save(saved.state_dict(), tmp_path / "weights.pt")
    load_weights(module, str(tmp_path / "weights.pt"))
    assert torch.equal(module.weight, saved.weight)


def test_weights_of_a_checkpoint_are_loaded(tmp_path):
    saved, module = nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save({"state_dict": saved.state_dict(), "epoch": 3}, tmp_path / "weights.pt")
    load_weights(module, tmp_path / "weights.pt")
    assert torch.equal(module.weight, saved.weight)


def test_weights_of_safetensors_are_loaded(tmp_path):
    save_file = pytest.importorskip("safetensors.torch").save_file
    saved, module = nn.Linear(3, 2), nn.Linear(3, 2)
    save_file(saved.state_dict(), tmp_path / "weights.safetensors")
    load_weights(module, tmp_path / "weights.safetensors")
    assert torch.equal(module.weight, saved.weight)


def test_code_in_a_file_of_weights_is_not_run(tmp_path):
    torch.save({"state_dict": {}, "code": Path("anything")}, tmp_path / "weights.pt")
    with pytest.raises(Exception, match="[Ww]eights"):
        load_weights(nn.Linear(3, 2), tmp_path / "weights.pt")


def test_weights_of_torchvision_are_looked_for_in_the_local_cache(monkeypatch, tmp_path):
    class Weights:
        url = "https://example.org/models/linear-0123.pth"

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    module = nn.Linear(3, 2)
    with pytest.raises(ModalityError, match="linear-0123.pth' is no file; nothing is downloaded"):
        load_weights(module, Weights)
    (tmp_path / "checkpoints").mkdir()
    saved = nn.Linear(3, 2)
    torch.save(saved.state_dict(), tmp_path / "checkpoints" / "linear-0123.pth")
    load_weights(module, Weights)
    assert torch.equal(module.weight, saved.weight)
