"""Progress, cancel, reproducibility, batches, schedulers, the budget: what a worker relies on."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu.errors import (
    BrokenOutput,
    Canceled,
    InvalidRequest,
    ModelIncomplete,
    OutOfMemory,
    UnknownScheduler,
)
from gpu.images import encoded, read_provenance
from gpu.requests import Control, ModelSource, PipelineKey
from gpu.runner import Runner
from gpu.schedulers import SCHEDULERS
from tests.gpu.pocket_world import CHECKPOINT, CONTROLNET, RED_ON_BLUE, STEPS, mean_color, pixels, same

PROMPTS = (RED_ON_BLUE, "a yellow star on a purple background", "a green square on a white background")


def change(folder):
    """Make the network in a folder another one."""
    path = folder / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors["conv_in.bias"] += 0.01
    save_file(tensors, path)


def digest(image):
    return hashlib.sha256(image.tobytes()).hexdigest()


def test_every_step_is_reported_once(runner, ask):
    events = []
    runner.run(ask(), on_step=events.append)
    assert [(event.step, event.steps) for event in events] == [(step, STEPS) for step in range(1, STEPS + 1)]


def test_strength_shortens_the_count_of_steps(runner, ask, green_square):
    events = []
    runner.run(ask("img2img", image=green_square, strength=0.5), on_step=events.append)
    assert [(event.step, event.steps) for event in events] == [(step, 3) for step in (1, 2, 3)]


@pytest.mark.parametrize(
    ("scheduler", "step"), [("euler", 6), ("dpmpp_2m", 6), ("heun", 22), ("euler_a", 12)]
)
def test_a_preview_shows_what_the_picture_will_be(runner, ask, scheduler, step):
    """Halfway where the path is smooth, at the end where noise is added at every step."""
    previews = []
    result = runner.run(
        ask(prompts=PROMPTS[:2], seeds=(1, 2), num_inference_steps=12, scheduler=scheduler),
        on_step=lambda event: previews.extend(event.preview() if event.step == step else ()),
    )
    for preview, image in zip(previews, result.images, strict=True):
        difference = mean_color(preview, (0, 0, 24, 24)) - mean_color(image, (0, 0, 24, 24))
        assert np.abs(difference).max() < 40


def test_previews_of_large_pictures_stay_small(runner, ask):
    previews = []
    request = ask(width=512, height=320, num_inference_steps=1)
    runner.run(request, on_step=lambda event: previews.extend(event.preview()))
    assert [preview.size for preview in previews] == [(256, 160)]


def test_previews_do_not_change_the_picture(runner, ask):
    plain = runner.run(ask()).images[0]
    assert same(plain, runner.run(ask(), on_step=lambda event: event.preview()).images[0])


def test_cancel_stops_between_steps_and_the_next_request_works(runner, ask):
    plain = runner.run(ask()).images[0]
    steps = []
    with pytest.raises(Canceled):
        runner.run(
            ask(), on_step=lambda event: steps.append(event.step), should_cancel=lambda: len(steps) == 3
        )
    assert steps == [1, 2, 3]
    assert same(plain, runner.run(ask()).images[0])


def test_a_request_that_is_canceled_already_loads_nothing(ask):
    fresh = Runner("cpu")
    with pytest.raises(Canceled):
        fresh.run(ask(), should_cancel=lambda: True)
    assert fresh.resident() == []


def test_an_error_of_the_listener_reaches_the_caller_unchanged(runner, ask):
    def listener(event):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        runner.run(ask(), on_step=listener)


def test_the_same_seed_gives_the_same_bytes_in_another_process(runner, ask):
    here = runner.run(ask(seeds=(42,))).images[0]
    script = f"""
from gpu import device
device.bind("cpu", threads=1)
import hashlib
from gpu.requests import InferenceRequest, ModelSource, PipelineKey
from gpu.runner import Runner
key = PipelineKey(ModelSource({CHECKPOINT.location!r}))
request = InferenceRequest(
    key, ({RED_ON_BLUE!r},), (42,), width=128, height=128, num_inference_steps={STEPS}, guidance_scale=3.0
)
print(hashlib.sha256(Runner().run(request).images[0].tobytes()).hexdigest())
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split()[-1] == digest(here)


def test_another_seed_gives_another_picture(runner, ask):
    assert not same(runner.run(ask(seeds=(1,))).images[0], runner.run(ask(seeds=(2,))).images[0])


@pytest.mark.parametrize("mode", ["text2img", "img2img", "inpaint"])
@pytest.mark.parametrize("scheduler", [None, "euler_a"])
def test_a_batch_equals_single_runs_within_rounding(runner, ask, green_square, right_half, mode, scheduler):
    pictures = {
        "text2img": {},
        "img2img": {"image": green_square},
        "inpaint": {"image": green_square, "mask": right_half},
    }[mode]
    options = {"scheduler": scheduler, "num_inference_steps": 4, **pictures}
    batch = runner.run(ask(mode, prompts=PROMPTS[:2], seeds=(5, 6), **options)).images
    # The second one: the first would be right even if it alone got its own noise.
    single = runner.run(ask(mode, prompts=PROMPTS[1:2], seeds=(6,), **options)).images[0]
    assert np.abs(pixels(batch[1]) - pixels(single)).max() <= 2


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_every_scheduler_draws_blue_behind(runner, ask, name):
    image = runner.run(ask(scheduler=name, num_inference_steps=10)).images[0]
    red, _, blue = mean_color(image, (0, 0, 16, 16))
    assert blue > red + 50


def test_an_unknown_scheduler_lists_the_known_and_the_next_request_works(runner, ask):
    with pytest.raises(UnknownScheduler, match="dpmpp_2m_karras"):
        runner.run(ask(scheduler="best"))
    assert runner.run(ask(num_inference_steps=1)).images


def test_the_record_is_complete_and_travels_in_the_file(runner, ask):
    result = runner.run(ask(prompts=PROMPTS[:2], seeds=(3, 4), provenance={"workflow": "demo@2"}))
    records = result.provenance
    assert [record["seed"] for record in records] == [3, 4]
    assert [record["prompt"] for record in records] == list(PROMPTS[:2])
    assert records[0]["extra"] == {"workflow": "demo@2"}
    assert records[0]["scheduler"] == "EulerDiscreteScheduler"
    assert records[0]["versions"]["torch"].startswith(torch.__version__.split("+")[0])
    for path, digest_ in records[0]["checkpoint"]["sha256"].items():
        data = open(f"{CHECKPOINT.location}/{path}", "rb").read()  # noqa: SIM115
        assert hashlib.sha256(data).hexdigest() == digest_
    assert read_provenance(encoded(result.images[1], records[1])) == json.loads(json.dumps(records[1]))


def test_a_record_tells_nobody_where_files_lie(runner, ask):
    record = json.dumps(runner.run(ask(num_inference_steps=1)).provenance)
    assert CHECKPOINT.location not in record


def test_timings_add_up(runner, ask):
    timings = runner.run(ask()).timings
    assert timings["denoise_s"] > timings["load_s"] >= 0
    assert timings["load_s"] + timings["denoise_s"] + timings["decode_s"] == pytest.approx(timings["total_s"])


def test_modes_share_the_components_of_a_checkpoint(ask, green_square, right_half):
    fresh = Runner("cpu")
    fresh.run(ask(num_inference_steps=1))
    alone = fresh.memory()["model_bytes"]
    fresh.run(ask("img2img", image=green_square, num_inference_steps=2))
    fresh.run(ask("inpaint", image=green_square, mask=right_half, num_inference_steps=1))
    assert fresh.memory()["model_bytes"] == alone
    assert fresh.memory()["misses"] == 1


def test_the_budget_decides_which_checkpoints_stay(ask, checkpoint_copy):
    change(checkpoint_copy / "unet")
    probe = Runner("cpu")
    probe.run(ask(num_inference_steps=1))
    size = probe.memory()["model_bytes"]
    other = PipelineKey(ModelSource(str(checkpoint_copy)))

    roomy, tight = Runner("cpu", budget_bytes=2 * size), Runner("cpu", budget_bytes=size)
    for runner in (roomy, tight):
        for key in (PipelineKey(CHECKPOINT), other):
            runner.run(ask(key=key, num_inference_steps=1))
    assert roomy.resident() == [Path(CHECKPOINT.location).name, checkpoint_copy.name]
    assert tight.resident() == [checkpoint_copy.name]
    assert tight.memory()["evictions"] == 1


def test_a_model_that_fits_no_budget_says_so(ask):
    with pytest.raises(OutOfMemory, match="budget"):
        Runner("cpu", budget_bytes=1_000_000).run(ask())


def test_closing_drops_the_models_and_the_next_request_loads_them_again(ask):
    fresh = Runner("cpu")
    fresh.run(ask(num_inference_steps=1))
    fresh.close()
    assert fresh.resident() == []
    assert fresh.run(ask(num_inference_steps=1)).images


def test_a_missing_file_is_named_and_the_next_request_works(runner, ask, checkpoint_copy):
    (checkpoint_copy / "vae" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelIncomplete, match="vae/diffusion_pytorch_model"):
        runner.run(ask(key=PipelineKey(ModelSource(str(checkpoint_copy)))))
    assert checkpoint_copy.name not in runner.resident()
    assert runner.run(ask(num_inference_steps=1)).images


@pytest.mark.parametrize("damage", ["gone", "reshaped"])
def test_weights_that_do_not_fit_their_config_are_refused(runner, ask, checkpoint_copy, damage):
    path = checkpoint_copy / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    bias = tensors.pop("conv_in.bias")
    if damage == "reshaped":
        tensors["conv_in.bias"] = bias[:5].clone()
    save_file(tensors, path)
    with pytest.raises(ModelIncomplete, match="checkpoint"):
        runner.run(ask(key=PipelineKey(ModelSource(str(checkpoint_copy)))))


def test_text_encoder_weights_may_not_be_missing_either(runner, ask, checkpoint_copy):
    path = checkpoint_copy / "text_encoder" / "model.safetensors"
    tensors = load_file(path)
    tensors.pop(next(name for name in tensors if name.endswith("layers.0.mlp.fc1.weight")))
    save_file(tensors, path)
    with pytest.raises(ModelIncomplete, match="fc1"):
        runner.run(ask(key=PipelineKey(ModelSource(str(checkpoint_copy)))))


def test_a_model_that_computes_nan_is_an_error_not_a_black_picture(runner, ask, checkpoint_copy):
    path = checkpoint_copy / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors["conv_out.bias"].fill_(float("nan"))
    save_file(tensors, path)
    with pytest.raises(BrokenOutput, match="NaN"):
        runner.run(ask(key=PipelineKey(ModelSource(str(checkpoint_copy)))))


def test_a_controlnet_is_found_broken_before_anything_is_drawn(runner, ask, tmp_path, green_square):
    broken = shutil.copytree(CONTROLNET.location, tmp_path / "net")
    (broken / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelIncomplete, match="net/diffusion_pytorch_model"):
        runner.run(ask(controlnets=[ModelSource(str(broken))], controls=(Control(green_square),)))


def test_bfloat16_draws_nearly_the_same_with_half_the_bytes(runner, ask):
    exact = runner.run(ask()).images[0]
    small = Runner("cpu")
    rounded = small.run(ask(key=PipelineKey(CHECKPOINT, dtype="bfloat16")))
    assert np.abs(pixels(exact) - pixels(rounded.images[0])).mean() < 12
    assert rounded.provenance[0]["dtype"] == "bfloat16"
    exact_runner = Runner("cpu")
    exact_runner.run(ask(num_inference_steps=1))
    assert small.memory()["model_bytes"] * 2 == pytest.approx(exact_runner.memory()["model_bytes"], rel=0.01)


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InvalidRequest, match="cuda:7"):
        Runner("cuda:7")
