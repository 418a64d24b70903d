"""How a device computes: compiled, in tiles, warmed up; what it draws stays the same."""

import numpy as np
import pytest
import torch

from gpu import compute, memory
from gpu.compute import Compute, Engine
from gpu.device import CPU
from gpu.requests import Adapter
from gpu.runner import Runner
from tests.gpu.pocket_world import CHECKPOINT, LORA, pixels


@pytest.fixture
def counted():
    """How often torch compiled something since."""
    torch._dynamo.reset()
    counters = torch._dynamo.utils.counters
    counters.clear()
    yield lambda: counters["stats"]["unique_graphs"]
    torch._dynamo.reset()


def test_a_compiled_unet_draws_the_same_and_a_lora_compiles_nothing_again(runner, ask, counted):
    compiled = Runner(CPU, compute=Compute(compile=True))
    plain = compiled.run(ask(num_inference_steps=2))
    graphs = counted()
    assert graphs > 0 and plain.provenance[0]["compiled"]
    with_lora = compiled.run(ask(num_inference_steps=2, adapters=(Adapter(LORA),)))
    assert counted() == graphs
    for ours, adapters in ((plain, ()), (with_lora, (Adapter(LORA),))):
        eager = runner.run(ask(num_inference_steps=2, adapters=adapters))
        assert np.abs(pixels(ours.images[0]) - pixels(eager.images[0])).max() <= 2


def test_without_the_setting_nothing_is_compiled(ask, counted):
    result = Runner(CPU).run(ask(num_inference_steps=1))
    assert counted() == 0 and not result.provenance[0]["compiled"]


def test_only_the_first_shapes_are_compiled(monkeypatch):
    stances = []
    monkeypatch.setattr(compute, "BUCKETS", 2)
    engine = Engine(CPU, Compute(compile=True))
    monkeypatch.setattr(engine, "eager", lambda: stances.append("eager") or Engine(CPU, Compute()).eager())
    for side in (64, 128, 64, 192, 128):
        with engine.drawing(1, side, side):
            pass
    assert stances == ["eager"]


def test_a_picture_is_decoded_in_tiles_only_if_it_would_not_fit(runner, ask, monkeypatch):
    tiled = []
    with runner._models.use(ask().key) as models:
        vae = models.checkpoint.model.vae
    monkeypatch.setattr(vae, "enable_tiling", lambda: tiled.append(True))
    runner.run(ask(num_inference_steps=1))
    assert tiled == []
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1_000_000)
    runner.run(ask(num_inference_steps=1))
    assert tiled == [True]
    assert not vae.use_tiling


@pytest.mark.parametrize("allowed", [True, False])
def test_tf32_is_as_the_pool_says(allowed):
    Engine(CPU, Compute(tf32=allowed))
    assert torch.backends.cuda.matmul.allow_tf32 is allowed
    assert torch.backends.cudnn.allow_tf32 is allowed


def test_a_warm_runner_has_the_checkpoint_and_has_drawn_with_it():
    fresh = Runner(CPU)
    fresh.warm_up([CHECKPOINT])
    assert fresh.resident() == ["pocket-sdxl"]
