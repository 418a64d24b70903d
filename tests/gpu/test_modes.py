"""Text to image, image to image and inpaint, with and without ControlNets, judged by their pixels."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from gpu.pipelines import PIPELINES, assemble
from gpu.requests import Control, PipelineKey
from tests.gpu.pocket_world import CHECKPOINT, CONTROLNET, center_of, mean_color, pixels, red_mask, same

ON_WHITE = "a red circle on a white background"


@pytest.fixture
def disc():
    """Draws a black disc on white, centred where asked: an outline for a ControlNet."""

    def draw(x, y):
        image = Image.new("RGB", (128, 128), (255, 255, 255))
        ImageDraw.Draw(image).ellipse((x - 24, y - 24, x + 24, y + 24), fill=(0, 0, 0))
        return image

    return draw


@pytest.mark.parametrize(("mode", "controlled"), PIPELINES)
def test_a_pipeline_has_the_parts_and_settings_that_diffusers_gives_it(runner, mode, controlled):
    with runner._models.use(PipelineKey(CHECKPOINT, (CONTROLNET,))) as models:
        base, net = models.checkpoint.model, models.controlnets[0].model
        ours = assemble(base, mode, [net] if controlled else [], base.scheduler)
        more = {"controlnet": net} if controlled else {}
        theirs = PIPELINES[mode, controlled].from_pipe(
            base, dtype=torch.float32, add_watermarker=False, **more
        )
    assert type(ours) is type(theirs)
    assert ours.components.keys() == theirs.components.keys()
    assert all(part is theirs.components[name] for name, part in ours.components.items())
    settings = {name: value for name, value in theirs.config.items() if name[0] != "_"}
    assert {name: ours.config[name] for name in settings} == settings


def test_text_becomes_a_picture_in_its_colors(runner, ask):
    image = runner.run(ask()).images[0]
    assert image.size == (128, 128)
    red, _, blue = mean_color(image, (0, 0, 20, 20))
    assert blue > 150 > red
    assert red_mask(image).sum() > 500


def test_a_picture_need_not_be_square(runner, ask):
    assert runner.run(ask(width=192, height=128, num_inference_steps=2)).images[0].size == (192, 128)


def test_a_negative_prompt_changes_the_picture(runner, ask):
    plain = runner.run(ask()).images[0]
    assert not same(plain, runner.run(ask(negative_prompts=("blurry",))).images[0])


def test_strength_decides_how_much_of_the_image_stays(runner, ask, green_square):
    def distance(strength):
        request = ask("img2img", image=green_square, strength=strength, prompts=(ON_WHITE,))
        return np.abs(pixels(runner.run(request).images[0]) - pixels(green_square)).mean()

    assert distance(0.3) + 5 < distance(1.0)


def test_an_image_of_another_size_is_scaled_to_the_request(runner, ask, green_square):
    large = green_square.resize((200, 320))
    request = ask("img2img", image=large, strength=0.4, prompts=("a green square on a white background",))
    image = runner.run(request).images[0]
    assert image.size == (128, 128)
    red, green, _ = mean_color(image, (22, 54, 42, 74))
    assert green > red + 40


def test_inpaint_keeps_what_the_mask_protects_exactly(runner, ask, green_square, right_half):
    request = ask(
        "inpaint",
        image=green_square,
        mask=right_half,
        prompts=("a green square and a red circle on a white background",),
        num_inference_steps=8,
    )
    image = runner.run(request).images[0]
    kept, original = pixels(image)[:, :64], pixels(green_square)[:, :64]
    assert np.array_equal(kept, original)
    assert not np.array_equal(pixels(image)[:, 64:], pixels(green_square)[:, 64:])


def test_a_controlnet_moves_the_circle_to_its_control(runner, ask, disc):
    def center(x, y):
        control = Control(disc(x, y), preprocessor="canny")
        request = ask(
            controlnets=[CONTROLNET], controls=(control,), prompts=(ON_WHITE,), num_inference_steps=8
        )
        return center_of(red_mask(runner.run(request).images[0]))

    left, right = center(36, 36), center(92, 92)
    assert left[0] < 55 and left[1] < 55
    assert right[0] > 73 and right[1] > 73


def test_a_control_without_strength_changes_no_bit(runner, ask, disc):
    plain = runner.run(ask()).images[0]
    for scales in [(0.0,), (0.0, 0.0)]:
        controls = tuple(Control(disc(36, 36), scale=scale, preprocessor="canny") for scale in scales)
        request = ask(controlnets=[CONTROLNET] * len(scales), controls=controls)
        assert same(plain, runner.run(request).images[0])


def test_two_controlnets_each_follow_their_own_control(runner, ask, disc):
    def draw(*scales):
        controls = tuple(
            Control(disc(x, 64), scale=scale, preprocessor="canny")
            for x, scale in zip((32, 96), scales, strict=True)
        )
        request = ask(
            controlnets=[CONTROLNET] * 2, controls=controls, prompts=(ON_WHITE,), num_inference_steps=8
        )
        return runner.run(request).images[0]

    assert center_of(red_mask(draw(1.0, 0.0)))[0] < 55
    assert center_of(red_mask(draw(0.0, 1.0)))[0] > 73


@pytest.mark.parametrize("mode", ["img2img", "inpaint"])
@pytest.mark.parametrize("count", [1, 2])
def test_controlnets_work_in_every_mode(runner, ask, disc, green_square, right_half, mode, count):
    pictures = {"image": green_square, **({"mask": right_half} if mode == "inpaint" else {})}

    def draw(scale):
        controls = (Control(disc(96, 64), scale=scale, preprocessor="canny"),) * count
        request = ask(mode, [CONTROLNET] * count, controls=controls, num_inference_steps=4, **pictures)
        return runner.run(request).images[0]

    assert not same(draw(0.0), draw(1.0))


def test_a_control_that_ends_early_acts_less(runner, ask, disc):
    plain = pixels(runner.run(ask()).images[0])

    def distance(end):
        control = Control(disc(100, 100), end=end, preprocessor="canny")
        image = runner.run(ask(controlnets=[CONTROLNET], controls=(control,))).images[0]
        return np.abs(pixels(image) - plain).mean()

    assert 0 < distance(0.3) < distance(1.0)
