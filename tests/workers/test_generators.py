import subprocess
import sys

import pytest

from gpu.errors import Canceled, Decision
from gpu.requests import InferenceRequest, ModelSource, PipelineKey
from workers.generators import GENERATORS, get_generator
from workers.generators.generator import Capability, MissingCapability, UnknownGenerator, check_capabilities
from workers.generators.local_sdxl import LocalSdxl, LocalSdxlConfig, NoDevice
from workers.generators.mock import Mock, MockConfig


def request(**more) -> InferenceRequest:
    fields = {"prompts": ("a",), "seeds": (1,), "width": 64, "height": 64, "num_inference_steps": 3}
    return InferenceRequest(key=PipelineKey(ModelSource(more.pop("model", "m"))), **{**fields, **more})


def never() -> bool:
    return False


def test_every_generator_says_its_own_name():
    assert all(make().name == name for name, make in GENERATORS.items())


def test_an_unknown_generator_is_named_with_the_known_ones():
    with pytest.raises(UnknownGenerator, match="local_sdxl, mock"):
        get_generator("teleport")


def test_the_mock_costs_what_its_model_says(monkeypatch):
    slept = []
    monkeypatch.setattr("time.sleep", slept.append)
    mock = Mock(MockConfig(load_seconds=4, step_seconds=0.1, resident=1))
    steps = []
    mock.generate(request(), steps.append, never)
    mock.generate(request(), steps.append, never)
    mock.generate(request(model="other"), steps.append, never)
    assert slept.count(4) == 2, "the second request found its model resident"
    assert slept.count(0.1) == 9
    assert [(step.step, step.steps) for step in steps[:3]] == [(1, 3), (2, 3), (3, 3)]


def test_the_mock_stops_when_asked():
    with pytest.raises(Canceled):
        Mock(MockConfig()).generate(request(), lambda _: None, lambda: True)


def test_a_request_is_never_given_to_a_generator_that_cannot_serve_it():
    class Plain(Mock):
        capabilities = frozenset({Capability.SEEDS})

    with pytest.raises(MissingCapability, match="negative_prompts"):
        check_capabilities(Plain(MockConfig()), request(negative_prompts=("b",)))


def test_a_pool_without_a_device_passes_pictures_on(monkeypatch):
    monkeypatch.setattr("workers.identity.DRAWS", False)
    with pytest.raises(NoDevice, match=r"pools\.toml") as caught:
        LocalSdxl(LocalSdxlConfig(device="none")).start()
    assert caught.value.decision is Decision.TRANSIENT


def test_naming_the_tasks_imports_no_torch():
    code = "import workers.tasks, sys; print('torch' in sys.modules)"
    setup = "import django; django.setup(); " + code
    run = subprocess.run([sys.executable, "-c", setup], capture_output=True, text=True, check=True)
    assert run.stdout.strip().endswith("False")
