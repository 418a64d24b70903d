"""A request that exists is valid; one that is not says which field and what to do."""

import math
import subprocess
import sys

import pytest
from PIL import Image

from gpu.errors import Decision, GpuError, InvalidRequest
from gpu.requests import Adapter, Control, InferenceRequest, ModelSource, PipelineKey

KEY = PipelineKey(ModelSource("models/base"))
PICTURE = Image.new("RGB", (64, 64))


def request(**changes):
    return InferenceRequest(**{"key": KEY, "prompts": ("a",), "seeds": (1,), **changes})


def key(mode, **changes):
    return PipelineKey(KEY.checkpoint, mode=mode, **changes)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"prompts": (), "seeds": ()}, "prompts"),
        ({"seeds": (1, 2)}, "seeds"),
        ({"seeds": (-1,)}, "seed"),
        ({"seeds": (2**63,)}, "seed"),
        ({"seeds": (True,)}, "seed"),
        ({"prompts": ("a" * 10_001,)}, "characters"),
        ({"negative_prompts": ("a", "b")}, "negative prompts"),
        ({"width": 1001}, "width"),
        ({"width": 0}, "width"),
        ({"height": 10**9}, "height"),
        ({"width": 4096, "height": 4096}, "too large"),
        ({"width": 512.0}, "width"),
        ({"num_inference_steps": 0}, "num_inference_steps"),
        ({"num_inference_steps": 10**6}, "num_inference_steps"),
        ({"guidance_scale": math.nan}, "guidance_scale"),
        ({"guidance_scale": math.inf}, "guidance_scale"),
        ({"guidance_scale": "7"}, "guidance_scale"),
        ({"mask": PICTURE}, "image"),
        ({"image": PICTURE}, "text2img"),
        ({"strength": 0.5}, "strength"),
        ({"key": key("img2img")}, "image"),
        ({"key": key("inpaint"), "image": PICTURE}, "mask"),
        ({"key": key("img2img"), "image": PICTURE, "strength": 0.0}, "strength"),
        ({"key": key("img2img"), "image": PICTURE, "strength": math.nan}, "strength"),
        ({"key": key("img2img"), "image": "a.png"}, "image"),
        ({"controls": (Control(PICTURE),)}, "ControlNets"),
        ({"key": key("text2img", controlnets=(ModelSource("c"),))}, "controls"),
        ({"adapters": (Adapter("a"),) * 9}, "adapters"),
    ],
)
def test_a_field_out_of_bounds_is_refused_with_its_name(changes, word):
    with pytest.raises(InvalidRequest, match=word) as raised:
        request(**changes)
    assert raised.value.decision is Decision.CALLER


@pytest.mark.parametrize(
    "build",
    [
        lambda: Adapter("a", weight=math.nan),
        lambda: Adapter("", weight=1.0),
        lambda: Control(PICTURE, scale=-1),
        lambda: Control(PICTURE, start=0.5, end=0.5),
        lambda: Control(PICTURE, preprocessor="depth"),
        lambda: Control(None),
        lambda: ModelSource(" "),
        lambda: PipelineKey(ModelSource("a"), dtype="float8"),
        lambda: PipelineKey(ModelSource("a"), mode="video"),
    ],
)
def test_parts_of_a_request_are_checked_when_they_are_made(build):
    with pytest.raises(InvalidRequest):
        build()


def test_equal_keys_are_the_same_dictionary_entry():
    assert len({key("inpaint"), PipelineKey(ModelSource("models/base"), mode="inpaint")}) == 1


def test_every_error_has_its_own_code():
    codes = [error.code for error in GpuError.__subclasses__()]
    assert len(codes) == len(set(codes))


def test_the_web_process_needs_no_torch_for_requests_and_uploads():
    modules = "requests errors schedulers device images weights"
    script = (
        "import sys, importlib\n"
        f"[importlib.import_module(f'gpu.{{name}}') for name in {modules!r}.split()]\n"
        "sys.exit('torch' in sys.modules or 'cv2' in sys.modules or 'diffusers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == 0
