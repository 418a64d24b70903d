"""LoRAs act while they are attached and leave no trace; bad ones are refused and leave none either."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu.adapters import AdapterStore
from gpu.errors import Canceled, IncompatibleAdapter, ModelNotFound, UnsafeWeights
from gpu.requests import Adapter
from gpu.weights import validate_lora
from tests.gpu.pocket_world import LORA, pixels, same

PLAIN = {}


@pytest.fixture
def plain(runner, ask):
    """The picture without any LoRA, drawn before the first of these tests touched the models."""
    if not PLAIN:
        PLAIN["image"] = runner.run(ask()).images[0]
    return PLAIN["image"]


def draw(runner, ask, *adapters):
    return runner.run(ask(adapters=adapters)).images[0]


def test_a_lora_changes_the_picture_and_leaves_no_trace(runner, ask, plain):
    assert not same(plain, draw(runner, ask, Adapter(LORA)))
    assert same(plain, runner.run(ask()).images[0])


def test_a_lora_acts_by_its_weight(runner, ask, plain):
    def distance(weight):
        return abs(pixels(draw(runner, ask, Adapter(LORA, weight))) - pixels(plain)).mean()

    assert distance(0.0) == 0
    assert 0 < distance(0.3) < distance(1.0)


def test_two_halves_of_a_lora_are_as_good_as_one(runner, ask):
    whole = draw(runner, ask, Adapter(LORA, 1.0))
    halves = draw(runner, ask, Adapter(LORA, 0.5), Adapter(LORA, 0.5))
    assert abs(pixels(whole) - pixels(halves)).max() <= 2


def test_a_canceled_request_leaves_no_trace_of_its_lora(runner, ask, plain):
    asked = iter([False, False, True])
    with pytest.raises(Canceled):
        runner.run(ask(adapters=(Adapter(LORA),)), should_cancel=lambda: next(asked))
    assert same(plain, runner.run(ask()).images[0])


def changed_lora(path, change):
    tensors = load_file(LORA)
    names = sorted(tensors)
    change(tensors, names)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    return Adapter(str(path))


def widen(tensors, names):
    down = next(name for name in names if "attn2.to_k" in name and "down" in name)
    tensors[down] = torch.zeros(tensors[down].shape[0], 2048)


def rename(tensors, names):
    for name in names[-2:]:
        tensors[name.replace("unet.", "unet.elsewhere.")] = tensors.pop(name)


def spoil(tensors, names):
    tensors[names[3]][0, 0] = float("nan")


@pytest.mark.parametrize("change", [widen, rename, spoil])
def test_a_lora_that_does_not_fit_is_refused_and_the_next_request_works(runner, ask, plain, tmp_path, change):
    adapter = changed_lora(tmp_path / "bad.safetensors", change)
    with pytest.raises(IncompatibleAdapter, match=r"bad\.safetensors"):
        draw(runner, ask, adapter)
    with pytest.raises(IncompatibleAdapter):
        draw(runner, ask, Adapter(LORA), adapter)
    assert same(plain, runner.run(ask()).images[0])


def test_a_pickled_lora_is_refused_and_the_next_request_works(runner, ask, plain, tmp_path):
    torch.save(load_file(LORA), tmp_path / "lora.safetensors")
    with pytest.raises(UnsafeWeights, match="pickle"):
        draw(runner, ask, Adapter(str(tmp_path / "lora.safetensors")))
    with pytest.raises(ModelNotFound):
        draw(runner, ask, Adapter(str(tmp_path / "gone.safetensors")))
    assert same(plain, runner.run(ask()).images[0])


def test_half_precision_loras_work_too(runner, ask, tmp_path):
    halved = {name: tensor.half() for name, tensor in load_file(LORA).items()}
    save_file(halved, tmp_path / "half.safetensors")
    exact, rounded = (draw(runner, ask, Adapter(source)) for source in (LORA, str(tmp_path)))
    assert abs(pixels(exact) - pixels(rounded)).mean() < 1


def test_a_lora_for_the_text_encoders_is_attached_and_detached(runner, ask, plain, tmp_path):
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for encoder, width in (("text_encoder", 64), ("text_encoder_2", 96)):
        layer = f"{encoder}.text_model.encoder.layers.0.self_attn.q_proj"
        tensors[f"{layer}.lora_A.weight"] = torch.randn(4, width, generator=generator)
        tensors[f"{layer}.lora_B.weight"] = torch.randn(width, 4, generator=generator)
    save_file(tensors, tmp_path / "text.safetensors")
    assert not same(plain, draw(runner, ask, Adapter(str(tmp_path))))
    assert same(plain, runner.run(ask()).images[0])


def test_provenance_names_the_lora_by_its_hash(runner, ask):
    result = runner.run(ask(adapters=(Adapter(LORA, 0.5, name="outline"),), num_inference_steps=1))
    expected = {"name": "outline", "weight": 0.5, "sha256": validate_lora(LORA).sha256}
    assert result.provenance[0]["adapters"][0].items() >= expected.items()


def test_the_store_keeps_the_latest_within_its_budget(tmp_path):
    infos = []
    for index in range(3):
        path = tmp_path / f"{index}.safetensors"
        down, up = torch.full((4, 8), float(index)), torch.ones(8, 4)
        save_file({"unet.a.lora_A.weight": down, "unet.a.lora_B.weight": up}, path)
        infos.append(validate_lora(path))
    one = 2 * 4 * 8 * 4
    store = AdapterStore(budget=2 * one)
    first = store.get(infos[0])
    store.get(infos[1])
    assert store.get(infos[0]) is first
    store.get(infos[2])
    assert store.bytes() == 2 * one
    assert store.get(infos[0]) is first
    assert AdapterStore(budget=1).get(infos[0]) is not None
