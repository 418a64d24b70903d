"""A checkpoint in one file, described by the folder of configs beside it, is as good as a folder."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from gpu.errors import HubUnreachable, ModelIncomplete
from gpu.requests import Control, ModelSource, PipelineKey
from gpu.tensorfile import sha256
from tests.gpu.pocket_world import CHECKPOINT, CONTROLNET, same
from tests.gpu.single_file import write_single_file


@pytest.fixture
def single_file(tmp_path):
    """pocket.safetensors, and the folder pocket with configs and tokenizers but no weights."""
    path = tmp_path / "pocket.safetensors"
    write_single_file(Path(CHECKPOINT.location), path)
    shutil.copytree(
        CHECKPOINT.location, tmp_path / "pocket", ignore=shutil.ignore_patterns("*.safetensors", "*.msgpack")
    )
    return path


def key(path):
    return PipelineKey(ModelSource(str(path)))


def test_a_single_file_draws_the_same_picture_as_the_folder(runner, ask, single_file):
    result = runner.run(ask(key=key(single_file)))
    assert same(result.images[0], runner.run(ask()).images[0])
    assert result.provenance[0]["checkpoint"]["sha256"] == {single_file.name: sha256(single_file)}


def test_a_single_file_that_lacks_a_component_is_incomplete(runner, ask, single_file):
    tensors = load_file(single_file)
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("first_stage_model")}
    save_file(kept, single_file)
    with pytest.raises(ModelIncomplete, match=single_file.name):
        runner.run(ask(key=key(single_file)))


def test_without_the_folder_a_single_file_needs_the_hub(runner, ask, single_file, tmp_path, monkeypatch):
    shutil.rmtree(tmp_path / "pocket")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(HubUnreachable):
        runner.run(ask(key=key(single_file)))


def test_a_controlnet_may_be_a_single_file_too(runner, ask, tmp_path, green_square):
    folder = Path(CONTROLNET.location)
    shutil.copy(folder / "diffusion_pytorch_model.safetensors", tmp_path / "canny.safetensors")
    (tmp_path / "canny").mkdir()
    shutil.copy(folder / "config.json", tmp_path / "canny")

    def draw(source):
        control = Control(green_square, preprocessor="canny")
        return runner.run(ask(controlnets=[source], controls=(control,), num_inference_steps=3)).images[0]

    assert same(draw(ModelSource(str(tmp_path / "canny.safetensors"))), draw(CONTROLNET))
