"""Models share the networks that are equal, and loading leaves no trace in the process."""

import gc
import shutil
import threading
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionXLPipeline
from safetensors.torch import load_file

from gpu.components import Components
from gpu.compute import Compute, Engine
from gpu.pipelines import Placement, load_checkpoint
from gpu.requests import ModelSource, PipelineKey
from gpu.runner import Runner
from gpu.weights import resolve_checkpoint, resolve_controlnet
from tests.gpu.pocket_world import CHECKPOINT, CONTROLNET, same
from tests.gpu.test_runner import change

NETWORKS = ("unet", "vae", "text_encoder", "text_encoder_2")


def loaded(components, folder=CHECKPOINT.location, dtype=torch.float32):
    files = resolve_checkpoint(ModelSource(str(folder)))
    return load_checkpoint(files, None, Placement("cpu", dtype), components)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_the_networks_are_those_that_diffusers_loads(dtype):
    ours = loaded(Components(Engine("cpu", Compute())), dtype=dtype)
    theirs = StableDiffusionXLPipeline.from_pretrained(CHECKPOINT.location, dtype=dtype)
    for name in NETWORKS:
        network, other = getattr(ours, name), getattr(theirs, name)
        tensors, others = (
            {**dict(each.named_parameters()), **dict(each.named_buffers())} for each in (network, other)
        )
        assert tensors.keys() == others.keys()
        assert all(torch.equal(tensors[key], others[key]) for key in tensors)
        assert {tensors[key].dtype for key in tensors} == {others[key].dtype for key in tensors}
        assert not network.training


def test_checkpoints_share_what_is_equal_and_nothing_else(checkpoint_copy):
    change(checkpoint_copy / "unet")
    components = Components(Engine("cpu", Compute()))
    first, second = loaded(components), loaded(components, checkpoint_copy)
    assert [name for name in NETWORKS if getattr(first, name) is not getattr(second, name)] == ["unet"]


def test_another_dtype_is_another_network():
    components = Components(Engine("cpu", Compute()))
    first, second = loaded(components), loaded(components, dtype=torch.bfloat16)
    assert first.vae is not second.vae


def test_a_network_of_the_same_size_is_not_taken_for_another(checkpoint_copy):
    """One bit differs; the fingerprint looks at samples only."""
    path = checkpoint_copy / "vae" / "diffusion_pytorch_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-700] ^= 1
    path.write_bytes(data)
    components = Components(Engine("cpu", Compute()))
    assert loaded(components).vae is not loaded(components, checkpoint_copy).vae


def test_what_was_loaded_from_a_folder_that_is_gone_is_not_taken_for_it(tmp_path, checkpoint_copy):
    moved = Path(shutil.copytree(checkpoint_copy, tmp_path / "moved"))
    components = Components(Engine("cpu", Compute()))
    first = loaded(components, checkpoint_copy)
    shutil.rmtree(checkpoint_copy)
    assert loaded(components, moved).vae is not first.vae


def test_a_network_that_nobody_holds_is_let_go():
    components = Components(Engine("cpu", Compute()))
    loaded(components)
    part = next(resolve_checkpoint(CHECKPOINT).networks())
    gc.collect()
    assert components.held(part, torch.float32) is None


def test_loading_in_one_thread_does_not_disturb_another():
    """from_pretrained changes torch's default dtype for all threads, and with it what they draw."""
    seen, over = set(), threading.Event()

    def watch():
        while not over.is_set():
            seen.add((torch.get_default_dtype(), torch.nn.Linear(1, 1).weight.device.type))

    watcher = threading.Thread(target=watch)
    watcher.start()
    loaded(Components(Engine("cpu", Compute())), dtype=torch.bfloat16)
    over.set()
    watcher.join()
    assert seen == {(torch.float32, "cpu")}


def test_a_shared_network_is_paid_for_once(ask, checkpoint_copy):
    change(checkpoint_copy / "unet")
    runner = Runner("cpu")
    runner.run(ask(num_inference_steps=1))
    alone = runner.memory()["model_bytes"]
    runner.run(ask(key=PipelineKey(ModelSource(str(checkpoint_copy))), num_inference_steps=1))
    unet = next(part for part in resolve_checkpoint(CHECKPOINT).networks() if part.name == "unet")
    numbers = sum(tensor.numel() for path in unet.weights for tensor in load_file(path).values())
    assert runner.memory()["model_bytes"] == alone + 4 * numbers


def test_the_next_model_is_there_when_it_is_wanted(ask, checkpoint_copy):
    """Told while a picture is drawn; the picture is the one that is drawn alone."""
    change(checkpoint_copy / "unet")
    following = PipelineKey(ModelSource(str(checkpoint_copy)), controlnets=(CONTROLNET,))
    runner = Runner("cpu")
    runner._engine.loads_ahead = True
    alone = runner.run(ask()).images[0]
    told = iter([True])
    image = runner.run(ask(), on_step=lambda _: next(told, False) and runner.prefetch([following])).images[0]
    assert same(image, alone)
    with runner._models.use(following):
        pass
    assert runner.memory()["misses"] == 3
    assert [Path(name).name for name in runner.resident()] == [
        Path(CHECKPOINT.location).name,
        checkpoint_copy.name,
        Path(CONTROLNET.location).name,
    ]


def test_a_controlnet_is_one_network():
    (part,) = resolve_controlnet(CONTROLNET).networks()
    assert part.class_name == "ControlNetModel"


def test_on_a_cpu_nothing_is_loaded_before_its_turn(checkpoint_copy):
    """The cores that would load it are those that draw; the disk is free to read."""
    runner = Runner("cpu")
    runner.prefetch([PipelineKey(ModelSource(str(checkpoint_copy)))])
    runner._models._cache._loader.shutdown()
    assert runner.resident() == []
