"""An autoencoder of the request's own, and a refiner that finishes what the checkpoint began."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from safetensors.torch import load_file, save_file

from gpu import calls
from gpu.errors import InvalidRequest, UnsupportedModel
from gpu.requests import Adapter, Control, ModelSource, PipelineKey
from gpu.runner import Runner
from tests.gpu.pocket_world import CHECKPOINT, CONTROLNET, LORA, RED_ON_BLUE, mean_color, pixels, same
from tests.gpu.test_runner import change

STEPS = 10


@pytest.fixture(scope="module")
def runner():
    """Of its own: other tests look for names that these models have."""
    made = Runner("cpu")
    yield made
    made.close()


@pytest.fixture
def other_vae(tmp_path):
    """The pocket autoencoder, a little darker."""
    folder = Path(shutil.copytree(Path(CHECKPOINT.location) / "vae", tmp_path / "darker-vae"))
    path = folder / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    tensors["decoder.conv_out.bias"] -= 0.2
    save_file(tensors, path)
    return ModelSource(str(folder))


@pytest.fixture
def other_base(checkpoint_copy):
    """The pocket checkpoint with another UNet; its other networks are shared."""
    change(checkpoint_copy / "unet")
    return ModelSource(str(checkpoint_copy))


@pytest.fixture
def refiner(checkpoint_copy):
    """Like the refiner of SDXL: the second text encoder alone, and a UNet that is told an aesthetic score."""
    index = checkpoint_copy / "model_index.json"
    parts = json.loads(index.read_bytes())
    parts |= {
        "_class_name": "StableDiffusionXLImg2ImgPipeline", "requires_aesthetics_score": True,
        "text_encoder": [None, None], "tokenizer": [None, None],
    }  # fmt: skip
    index.write_text(json.dumps(parts))
    shutil.rmtree(checkpoint_copy / "text_encoder")
    shutil.rmtree(checkpoint_copy / "tokenizer")
    _narrow(checkpoint_copy)
    return ModelSource(str(checkpoint_copy))


def _narrow(checkpoint):
    """Let the UNet read one text encoder and five sizes and scores, not two and six."""
    config_file = checkpoint / "unet" / "config.json"
    config = json.loads(config_file.read_bytes())
    second = json.loads((checkpoint / "text_encoder_2" / "config.json").read_bytes())
    width, pooled = second["hidden_size"], second["projection_dim"]
    lost = config["cross_attention_dim"] - width
    config["cross_attention_dim"] = width
    config["projection_class_embeddings_input_dim"] -= config["addition_time_embed_dim"]
    config_file.write_text(json.dumps(config))
    path = checkpoint / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    for name, tensor in tensors.items():
        if "attn2.to_k" in name or "attn2.to_v" in name:
            tensors[name] = tensor[:, lost:].contiguous()
    first = tensors["add_embedding.linear_1.weight"]
    tensors["add_embedding.linear_1.weight"] = first[
        :, : pooled + 5 * config["addition_time_embed_dim"]
    ].clone()
    save_file(tensors, path)


def with_models(**models):
    return PipelineKey(CHECKPOINT, **models)


def test_an_own_autoencoder_changes_the_picture_as_it_should(runner, ask, other_vae):
    plain = runner.run(ask()).images[0]
    result = runner.run(ask(key=with_models(vae=other_vae)))
    whole = (0, 0, *plain.size)
    assert (mean_color(result.images[0], whole) < mean_color(plain, whole) - 5).all()
    assert result.provenance[0]["vae"]["location"] == "darker-vae"
    assert len(result.provenance[0]["vae"]["sha256"]) == 1
    assert same(plain, runner.run(ask()).images[0])


def test_the_checkpoints_own_autoencoder_by_name_changes_nothing(runner, ask):
    own = ModelSource(str(Path(CHECKPOINT.location) / "vae"))
    assert same(runner.run(ask()).images[0], runner.run(ask(key=with_models(vae=own))).images[0])


def test_a_network_that_is_no_autoencoder_of_sdxl_is_refused(runner, ask, other_vae):
    with pytest.raises(UnsupportedModel, match="ControlNetModel"):
        runner.run(ask(key=with_models(vae=CONTROLNET)))
    config = Path(other_vae.location) / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_bytes()), "scaling_factor": 0.18215}))
    with pytest.raises(UnsupportedModel, match=r"0\.18215"):
        runner.run(ask(key=with_models(vae=other_vae)))


def test_the_refiner_draws_the_last_steps_as_diffusers_does(runner, ask, other_base):
    request = ask(key=with_models(refiner=other_base), num_inference_steps=STEPS, refiner_start=0.8)
    result = runner.run(request)
    base = StableDiffusionXLPipeline.from_pretrained(CHECKPOINT.location, dtype=torch.float32)
    second = StableDiffusionXLImg2ImgPipeline.from_pretrained(other_base.location, dtype=torch.float32)
    shared = {
        "prompt": RED_ON_BLUE, "num_inference_steps": STEPS, "guidance_scale": 3.0,
        "generator": calls.generator(1),
    }  # fmt: skip
    latents = base(**shared, width=128, height=128, denoising_end=0.8, output_type="latent").images
    image = second(**shared, image=latents, denoising_start=0.8).images[0]
    assert abs(pixels(image) - pixels(result.images[0])).max() <= 1
    assert result.provenance[0]["refiner"]["start"] == 0.8


@pytest.mark.parametrize("scheduler", ["euler", "euler_a", "dpmpp_2m_karras", "heun"])
def test_steps_are_counted_across_both_models(runner, ask, other_base, scheduler):
    events = []
    request = ask(key=with_models(refiner=other_base), num_inference_steps=STEPS, scheduler=scheduler)
    runner.run(request, on_step=events.append)
    assert [event.step for event in events] == list(range(1, len(events) + 1))
    assert {event.steps for event in events} == {len(events)}


def test_a_refiner_that_is_the_base_gives_nearly_the_bases_picture(runner, ask):
    plain = runner.run(ask(num_inference_steps=STEPS)).images[0]
    refined = runner.run(ask(key=with_models(refiner=CHECKPOINT), num_inference_steps=STEPS)).images[0]
    assert abs(pixels(plain) - pixels(refined)).mean() < 2


def test_a_refiner_of_one_text_encoder_is_told_the_score_it_asks_for(runner, ask, refiner):
    plain = runner.run(ask(num_inference_steps=STEPS)).images[0]
    refined = runner.run(ask(key=with_models(refiner=refiner), num_inference_steps=STEPS)).images[0]
    assert not same(plain, refined)


def test_a_lora_acts_on_the_base_alone(runner, ask):
    """The refiner may share its text encoder."""
    seen = []
    key = with_models(refiner=CHECKPOINT)
    lora = (Adapter(LORA),)
    with runner._models.use(key) as models:
        unet = models.checkpoint.model.unet
        assert models.refiner.model.unet is unet
        weight = unet.mid_block.attentions[0].transformer_blocks[0].attn1.to_q.weight
        before = weight.data_ptr()
        runner.run(
            ask(key=key, num_inference_steps=STEPS, adapters=lora),
            on_step=lambda _: seen.append(weight.data_ptr() == before),
        )
    assert seen == [False] * 8 + [True] * 2


def test_an_image_and_a_refiner(runner, ask, other_base, green_square):
    key = PipelineKey(CHECKPOINT, mode="img2img", refiner=other_base)
    request = ask(key=key, image=green_square, strength=0.5, num_inference_steps=STEPS)
    assert not same(runner.run(request).images[0], runner.run(ask("img2img", image=green_square)).images[0])
    with pytest.raises(InvalidRequest, match="leaves everything to the refiner"):
        ask(key=key, image=green_square, strength=0.2, num_inference_steps=STEPS)
    with pytest.raises(InvalidRequest, match="leave one of the three out"):
        ask(
            key=PipelineKey(CHECKPOINT, (CONTROLNET,), mode="img2img", refiner=other_base),
            image=green_square, controls=(Control(green_square),),
        )  # fmt: skip
