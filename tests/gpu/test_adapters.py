"""LoRAs act while they are attached and leave no trace; bad ones are refused and leave none either."""

import json
import threading
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from safetensors.torch import load_file, save_file

from gpu import adapters
from gpu.adapters import AdapterStore, attached
from gpu.errors import Canceled, IncompatibleAdapter, ModelNotFound, UnsafeWeights
from gpu.loras import ADAPTED, Lora
from gpu.requests import Adapter
from gpu.weights import validate_lora
from tests.gpu.pocket_world import CHECKPOINT, LORA, pixels, same

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


def small_lora(path, name="a", value=1.0):
    down, up = torch.full((4, 8), value), torch.ones(8, 4)
    save_file({f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}, path)
    return str(path)


def test_the_store_keeps_the_latest_within_its_budget(tmp_path):
    sources = [small_lora(tmp_path / f"{index}.safetensors", value=float(index)) for index in range(3)]
    one = 2 * 4 * 8 * 4
    store = AdapterStore(budget=2 * one)
    first = store.get(sources[0])
    store.get(sources[1])
    assert store.get(sources[0]) is first
    store.get(sources[2])
    assert store.bytes() == 2 * one
    assert store.get(sources[0]) is first
    assert AdapterStore(budget=1).get(sources[0]) is not None


def test_a_lora_that_is_going_to_be_wanted_is_read_ahead(tmp_path, monkeypatch):
    read = threading.Event()
    monkeypatch.setattr(adapters, "Lora", lambda *args, **options: read.set() or Lora(*args, **options))
    store = AdapterStore()
    source = small_lora(tmp_path / "next.safetensors")
    store.prefetch([source, str(tmp_path / "gone.safetensors")])
    assert read.wait(10)
    read.clear()
    store.get(source)
    assert not read.is_set()


def test_who_wants_one_lora_does_not_wait_for_another(tmp_path, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    slow, quick = (small_lora(tmp_path / f"{name}.safetensors", name=name) for name in ("slow", "quick"))

    def read(info, **options):
        if info.path.stem == "slow":
            begun.set()
            assert go_on.wait(20)
        return Lora(info, **options)

    monkeypatch.setattr(adapters, "Lora", read)
    store = AdapterStore()
    store.prefetch([slow])
    assert begun.wait(20)
    assert store.get(quick) is store.get(quick)
    go_on.set()
    assert store.get(slow).info.path.stem == "slow"


def test_reading_ahead_stops_where_the_store_is_full(tmp_path):
    """So that the first ones wanted are there, and not the last."""
    sources = [small_lora(tmp_path / f"{index}.safetensors", value=float(index)) for index in range(4)]
    store = AdapterStore(budget=2 * Path(sources[0]).stat().st_size)
    store.prefetch([*sources, sources[0]])
    store._reader.shutdown()
    assert store.bytes() == sum(store.get(source).block.nbytes for source in sources[:2])


# What diffusers itself makes of a LoRA: the weights after load_lora_weights and fuse_lora.


@pytest.fixture(scope="module")
def base():
    return StableDiffusionXLPipeline.from_pretrained(CHECKPOINT.location, dtype=torch.float32)


def weights(pipeline):
    return {
        f"{part}.{name}": value.detach().clone()
        for part in ADAPTED
        for name, value in getattr(pipeline, part).named_parameters()
    }


def fused(base, *loras):
    """The names of the weights that diffusers changes, and what it makes of them."""
    before = weights(base)
    names = [f"lora{index}" for index in range(len(loras))]
    for name, (source, _) in zip(names, loras, strict=True):
        base.load_lora_weights(source, adapter_name=name)
    base.set_adapters(names, [weight for _, weight in loras])
    base.fuse_lora(components=list(ADAPTED))
    after = {name.replace(".base_layer", ""): value for name, value in weights(base).items()}
    base.unfuse_lora(components=list(ADAPTED))
    base.unload_lora_weights()
    for part in ADAPTED:  # unfusing leaves rounding behind
        network = getattr(base, part)
        for name, value in network.named_parameters():
            value.data.copy_(before[f"{part}.{name}"])
    return {name: after[name] for name in before if not torch.equal(before[name], after[name])}


def patched(base, *loras):
    before = weights(base)
    chosen = [Adapter(source, weight) for source, weight in loras]
    with attached(base, chosen, AdapterStore()):
        after = weights(base)
    assert all(torch.equal(before[name], value) for name, value in weights(base).items())
    return {name: after[name] for name in before if not torch.equal(before[name], after[name])}


def assert_equal(ours, theirs, tolerance=1e-5):
    assert ours.keys() == theirs.keys() and ours
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=tolerance, atol=tolerance)


def kohya_lora(path, ranks=(4, 4)):
    """As kohya's trainer writes it: alpha beside the matrices; a rank for attention and one for the rest."""
    generator = torch.Generator().manual_seed(1)
    layers = {
        "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q": (160, 160, ranks[0]),
        "lora_unet_mid_block_attentions_0_transformer_blocks_0_ff_net_2": (640, 160, ranks[1]),
        "lora_te1_text_model_encoder_layers_0_self_attn_out_proj": (64, 64, ranks[0]),
        "lora_te2_text_model_encoder_layers_1_mlp_fc1": (96, 288, ranks[1]),
    }
    tensors = {}
    for name, (wide, high, rank) in layers.items():
        tensors[f"{name}.lora_down.weight"] = torch.randn(rank, wide, generator=generator)
        tensors[f"{name}.lora_up.weight"] = torch.randn(high, rank, generator=generator)
        tensors[f"{name}.alpha"] = torch.tensor(1.0)
    save_file(tensors, path)
    return str(path)


def test_the_weights_are_those_of_load_and_fuse(base):
    assert_equal(patched(base, (LORA, 0.7)), fused(base, (LORA, 0.7)))


def test_alpha_and_ranks_of_a_kohya_lora_mean_what_they_mean_to_diffusers(base, tmp_path):
    source = kohya_lora(tmp_path / "kohya.safetensors")
    assert_equal(patched(base, (source, 1.0)), fused(base, (source, 1.0)))


def test_loras_of_different_ranks_add_up(base, tmp_path):
    pair = ((kohya_lora(tmp_path / "kohya.safetensors"), 0.5), (LORA, -0.25))
    assert_equal(patched(base, *pair), fused(base, *pair), tolerance=2e-5)


def test_ranks_may_differ_within_a_lora(base, tmp_path):
    """Each layer by its own alpha ÷ rank. (diffusers takes one rank for all of a text encoder.)"""
    source = kohya_lora(tmp_path / "kohya.safetensors", ranks=(2, 6))
    tensors = load_file(source)
    stem = "lora_unet_mid_block_attentions_0_transformer_blocks_0_ff_net_2"
    expected = tensors[f"{stem}.lora_up.weight"] @ tensors[f"{stem}.lora_down.weight"] / 6
    layer = base.unet.mid_block.attentions[0].transformer_blocks[0].ff.net[2]
    plain = layer.weight.detach().clone()
    with attached(base, [Adapter(source)], AdapterStore()):
        torch.testing.assert_close(layer.weight.detach() - plain, expected, rtol=1e-4, atol=1e-4)


def test_the_alpha_in_the_header_counts(base, tmp_path):
    settings = {"unet.r": 8, "unet.lora_alpha": 24, "unet.target_modules": ["to_q"], "unet.use_rslora": True}
    names = [name for name in load_file(LORA) if ".to_q." in name]
    tensors = {name: tensor for name, tensor in load_file(LORA).items() if name in names}
    save_file(tensors, tmp_path / "peft.safetensors", {"lora_adapter_metadata": json.dumps(settings)})
    source = str(tmp_path / "peft.safetensors")
    assert_equal(patched(base, (source, 1.0)), fused(base, (source, 1.0)))


def test_in_half_precision_the_weights_are_the_same_within_its_rounding(tmp_path):
    half = StableDiffusionXLPipeline.from_pretrained(CHECKPOINT.location, dtype=torch.bfloat16)
    assert_equal(patched(half, (LORA, 1.0)), fused(half, (LORA, 1.0)), tolerance=2**-7)


def test_a_lora_adds_no_module_and_keeps_every_parameter(base):
    modules, parameters = list(base.unet.modules()), list(base.unet.parameters())
    with attached(base, [Adapter(LORA)], AdapterStore()):
        assert [id(module) for module in base.unet.modules()] == [id(module) for module in modules]
        assert all(now is before for now, before in zip(base.unet.parameters(), parameters, strict=True))


def test_a_layout_that_was_chosen_stays(base):
    base.unet.to(memory_format=torch.channels_last)
    conv = base.unet.down_blocks[0].resnets[0].conv1.weight
    with attached(base, [Adapter(LORA)], AdapterStore()):
        assert conv.is_contiguous(memory_format=torch.channels_last)
    base.unet.to(memory_format=torch.contiguous_format)


@pytest.mark.parametrize(
    ("sign", "kind"), [("dora_scale", "DoRA"), ("lora_mid.weight", "Tucker"), ("hada_w1_a", "LoHa")]
)
def test_other_kinds_are_refused_by_name(base, tmp_path, sign, kind):
    path = Path(kohya_lora(tmp_path / "kind.safetensors"))
    tensors = load_file(path)
    stem = next(iter(tensors)).partition(".")[0]
    save_file({**tensors, f"{stem}.{sign}": torch.ones(1)}, path)
    with (
        pytest.raises(IncompatibleAdapter, match=rf"kind\.safetensors .*{kind}"),
        attached(base, [Adapter(str(path))], AdapterStore()),
    ):
        pass


def test_the_room_that_a_lora_takes_is_asked_for(base):
    asked = []
    with attached(base, [Adapter(LORA)], AdapterStore(), asked.append):
        pass
    changed = fused(base, (LORA, 1.0))
    assert asked == [sum(value.nbytes for value in changed.values())]
