"""Weights are found, complete, safe, and named when they are not."""

import json
import pickle
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from gpu import tensorfile, weights
from gpu.errors import (
    Decision,
    HubUnreachable,
    IncompatibleAdapter,
    InvalidRequest,
    ModelIncomplete,
    ModelNotFound,
    UnsafeWeights,
    UnsupportedModel,
)
from gpu.requests import ModelSource
from tests.gpu.pocket_world import CHECKPOINT, CONTROLNET, LORA

UNET = "unet/diffusion_pytorch_model.safetensors"


def resolve(folder):
    return weights.resolve_checkpoint(ModelSource(str(folder)))


def test_the_pocket_checkpoint_is_complete():
    files = weights.resolve_checkpoint(CHECKPOINT)
    assert len(files.weights) == 4
    assert set(files.hashes()) >= {UNET, "vae/diffusion_pytorch_model.safetensors"}
    assert files.loaded_bytes(4) == 2 * files.loaded_bytes(2) > 1_000_000


@pytest.mark.parametrize(
    "name",
    [
        "model_index.json",
        UNET,
        "vae/config.json",
        "text_encoder_2/model.safetensors",
        "scheduler/scheduler_config.json",
    ],
)
def test_a_missing_file_is_named(checkpoint_copy, name):
    (checkpoint_copy / name).unlink()
    with pytest.raises(ModelIncomplete, match=name.rpartition("/")[2]):
        resolve(checkpoint_copy)


def test_a_missing_tokenizer_is_named(checkpoint_copy):
    for name in ("tokenizer.json", "vocab.json"):
        (checkpoint_copy / "tokenizer" / name).unlink()
    with pytest.raises(ModelIncomplete, match=r"tokenizer/vocab\.json"):
        resolve(checkpoint_copy)


def test_a_file_that_is_cut_short_is_named(checkpoint_copy):
    data = (checkpoint_copy / UNET).read_bytes()
    (checkpoint_copy / UNET).write_bytes(data[:-1000])
    with pytest.raises(ModelIncomplete, match="diffusion_pytorch_model"):
        resolve(checkpoint_copy)


def test_shards_are_followed_and_a_missing_one_is_named(checkpoint_copy):
    tensors = load_file(checkpoint_copy / UNET)
    names, folder = sorted(tensors), checkpoint_copy / "unet"
    (checkpoint_copy / UNET).unlink()
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for shard, keys in shards.items():
        save_file({key: tensors[key] for key in keys}, folder / shard)
    index = {"weight_map": {key: shard for shard, keys in shards.items() for key in keys}}
    (folder / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    assert resolve(checkpoint_copy).loaded_bytes(4) == weights.resolve_checkpoint(CHECKPOINT).loaded_bytes(4)
    (folder / "b.safetensors").unlink()
    with pytest.raises(ModelIncomplete, match=r"b\.safetensors"):
        resolve(checkpoint_copy)


def test_an_index_that_points_elsewhere_is_refused(checkpoint_copy):
    (checkpoint_copy / UNET).unlink()
    index = {"weight_map": {"a": "../vae/diffusion_pytorch_model.safetensors"}}
    path = checkpoint_copy / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    path.write_text(json.dumps(index))
    with pytest.raises(UnsupportedModel, match="outside"):
        resolve(checkpoint_copy)


def test_a_folder_with_pickled_weights_says_to_convert_them(checkpoint_copy):
    (checkpoint_copy / UNET).unlink()
    torch.save({}, checkpoint_copy / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(UnsafeWeights, match="convert"):
        resolve(checkpoint_copy)


@pytest.mark.parametrize(
    "change",
    [{"_class_name": "StableDiffusionPipeline"}, {"unet": ["my_code", "MyUNet"]}],
)
def test_other_models_and_custom_code_are_refused(checkpoint_copy, change):
    path = checkpoint_copy / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UnsupportedModel):
        resolve(checkpoint_copy)


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "model.bin", "model.safetensors"])
def test_a_pickle_is_refused_under_any_name(tmp_path, name):
    torch.save({"a": torch.zeros(2)}, tmp_path / name)
    with pytest.raises(UnsafeWeights, match="convert"):
        resolve(tmp_path / name)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_bare_pickle_is_refused_too(tmp_path, protocol):
    path = tmp_path / "lora.safetensors"
    path.write_bytes(pickle.dumps({"a": 1}, protocol=protocol))
    with pytest.raises(UnsafeWeights):
        weights.validate_lora(path)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{" * 50_000,
        b'{"a": 1}',
        b'{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[4,0]}}',
        b'{"a":{"dtype":"OBJECT","shape":[1],"data_offsets":[0,4]}}',
    ],
)
def test_a_header_that_lies_is_refused(tmp_path, header):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0\0\0")
    with pytest.raises(UnsafeWeights, match="not a valid"):
        tensorfile.read(path)


@pytest.mark.parametrize("data", [b"", b"\0" * 8, b"\xff" * 16, b"hello world, this is text"])
def test_rubbish_is_refused(tmp_path, data):
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises((UnsafeWeights, ModelIncomplete)):
        tensorfile.read(path)


def test_a_location_that_is_nothing_is_not_found():
    with pytest.raises(ModelNotFound, match="such"):
        resolve("such")


def test_a_hub_model_needs_a_full_commit():
    with pytest.raises(InvalidRequest, match="commit"):
        weights.resolve_checkpoint(ModelSource("org/name", "main"))


def test_a_hub_that_cannot_be_asked_is_worth_a_retry(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(HubUnreachable, match="network") as raised:
        weights.resolve_checkpoint(ModelSource("org/name", "0" * 40))
    assert raised.value.decision is Decision.TRANSIENT


def test_a_hub_model_in_the_local_cache_is_used_offline(tmp_path, monkeypatch, checkpoint_copy):
    commit = "1" * 40
    snapshot = tmp_path / "hub" / "models--org--name" / "snapshots" / commit
    snapshot.parent.mkdir(parents=True)
    checkpoint_copy.rename(snapshot)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    files = weights.resolve_checkpoint(ModelSource("org/name", commit))
    assert files.hashes() == weights.resolve_checkpoint(CHECKPOINT).hashes()


def test_a_controlnet_without_its_config_is_incomplete(tmp_path):
    whole = weights.resolve_controlnet(CONTROLNET)
    (tmp_path / whole.weights[0].name).write_bytes(whole.weights[0].read_bytes())
    with pytest.raises(ModelIncomplete, match=r"config\.json"):
        weights.resolve_controlnet(ModelSource(str(tmp_path)))


def test_a_lora_tells_its_rank_and_what_it_was_trained_for():
    info = weights.validate_lora(LORA)
    config = json.loads((tensorfile.Path(CHECKPOINT.location) / "unet" / "config.json").read_text())
    assert info.cross_attention_dim == config["cross_attention_dim"]
    assert info.rank == 8
    assert len(info.sha256) == 64


@pytest.mark.parametrize(
    ("down", "up"),
    [
        ("unet.a.attn2.to_k.lora_A.weight", "unet.a.attn2.to_k.lora_B.weight"),
        ("unet.a.attn2.to_k.lora.down.weight", "unet.a.attn2.to_k.lora.up.weight"),
        ("unet.a.attn2.processor.to_k_lora.down.weight", "unet.a.attn2.processor.to_k_lora.up.weight"),
        ("lora_unet_a_attn2_to_k.lora_down.weight", "lora_unet_a_attn2_to_k.lora_up.weight"),
    ],
)
def test_the_spellings_of_all_trainers_are_read(tmp_path, down, up):
    path = tmp_path / "lora.safetensors"
    save_file({down: torch.zeros(4, 2048), up: torch.zeros(640, 4)}, path)
    info = weights.validate_lora(path)
    assert (info.rank, info.cross_attention_dim) == (4, 2048)
    save_file({down: torch.zeros(4, 2048)}, path)
    with pytest.raises(IncompatibleAdapter, match="no "):
        weights.validate_lora(path)
    save_file({down: torch.zeros(4, 2048), up: torch.zeros(640, 8)}, path)
    with pytest.raises(IncompatibleAdapter, match="multiply"):
        weights.validate_lora(path)


def test_a_checkpoint_is_no_lora():
    with pytest.raises(IncompatibleAdapter, match="no LoRA weights"):
        weights.validate_lora(weights.resolve_checkpoint(CHECKPOINT).weights[0])


def test_a_folder_must_hold_exactly_one_lora(tmp_path):
    with pytest.raises(ModelNotFound, match=r"0 \.safetensors"):
        weights.validate_lora(tmp_path)


def test_the_hash_follows_a_changed_file(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    before = tensorfile.sha256(path)
    save_file({"a": torch.zeros(3)}, path)
    assert tensorfile.sha256(path) != before
