"""A diffusers folder rewritten as one file in the layout that SDXL checkpoints are shared in."""

import json
import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

Tensors = dict[str, torch.Tensor]
UNET_PARTS = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
UNET_TOP = {
    "conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2", "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0", "conv_out": "out.2",
}  # fmt: skip
OPEN_CLIP = {
    "self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
}  # fmt: skip


def write_single_file(folder: Path, target: Path) -> None:
    """Write the weights of `folder` to `target`; configs and tokenizers are not part of such a file."""
    read = lambda path: load_file(folder / path)  # noqa: E731
    layers = json.loads((folder / "unet" / "config.json").read_text())["layers_per_block"]
    tensors = {
        **unet(read("unet/diffusion_pytorch_model.safetensors"), layers),
        **vae(read("vae/diffusion_pytorch_model.safetensors")),
        **clip(read("text_encoder/model.safetensors")),
        **open_clip(read("text_encoder_2/model.safetensors")),
    }
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, target)


def unet(tensors: Tensors, layers: int) -> Tensors:
    with_attention = {
        key.split(".")[1] for key in tensors if key.startswith("up_blocks") and ".attentions." in key
    }
    return {
        f"model.diffusion_model.{_unet_name(key, layers, with_attention)}": tensor
        for key, tensor in tensors.items()
    }


def _unet_name(key: str, layers: int, with_attention: set[str]) -> str:
    module, parameter = key.rpartition(".")[::2]
    if module in UNET_TOP:
        return f"{UNET_TOP[module]}.{parameter}"
    if found := re.match(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)", key):
        kind, index, rest = found.groups()
        return f"middle_block.{1 if kind == 'attentions' else 2 * int(index)}.{_resnet(kind, rest)}"
    side, block, kind, layer, rest = re.match(
        r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)", key
    ).groups()
    first = int(block) * (layers + 1)
    if kind == "downsamplers":
        return f"input_blocks.{1 + first + layers}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        return f"output_blocks.{first + layers}.{2 if block in with_attention else 1}.{rest}"
    place = (
        f"input_blocks.{1 + first + int(layer)}" if side == "down" else f"output_blocks.{first + int(layer)}"
    )
    return f"{place}.{int(kind == 'attentions')}.{_resnet(kind, rest)}"


def _resnet(kind: str, rest: str) -> str:
    head, _, tail = rest.partition(".")
    return f"{UNET_PARTS[head]}.{tail}" if kind == "resnets" else rest


def vae(tensors: Tensors) -> Tensors:
    levels = 1 + max(int(key.split(".")[2]) for key in tensors if "down_blocks" in key)
    return {f"first_stage_model.{_vae_name(key, levels)}": tensor for key, tensor in tensors.items()}


def _vae_name(key: str, levels: int) -> str:
    key = key.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    key = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", key)
    key = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", key)
    key = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", key)
    key = re.sub(r"up_blocks\.(\d+)", lambda found: f"up.{levels - 1 - int(found[1])}", key)
    return key.replace(".resnets.", ".block.").replace(".upsamplers.0", ".upsample")


def clip(tensors: Tensors) -> Tensors:
    prefix = "conditioner.embedders.0.transformer.text_model."
    return {prefix + key.removeprefix("text_model."): tensor for key, tensor in tensors.items()}


def open_clip(tensors: Tensors) -> Tensors:
    named = {key.removeprefix("text_model."): tensor for key, tensor in tensors.items()}
    result = {
        "positional_embedding": named.pop("embeddings.position_embedding.weight"),
        "token_embedding.weight": named.pop("embeddings.token_embedding.weight"),
        "text_projection": named.pop("text_projection.weight").T,
        **{f"ln_final.{part}": named.pop(f"final_layer_norm.{part}") for part in ("weight", "bias")},
    }
    for key in [key for key in named if ".q_proj." in key]:
        joined = torch.cat(
            [named.pop(key.replace("q_proj", part)) for part in ("q_proj", "k_proj", "v_proj")]
        )
        layer, parameter = re.match(r"encoder\.layers\.(\d+)\.self_attn\.q_proj\.(.+)", key).groups()
        result[f"transformer.resblocks.{layer}.attn.in_proj_{parameter}"] = joined
    for key, tensor in named.items():
        layer, module, parameter = re.match(r"encoder\.layers\.(\d+)\.(.+)\.(.+)", key).groups()
        result[f"transformer.resblocks.{layer}.{OPEN_CLIP[module]}.{parameter}"] = tensor
    return {f"conditioner.embedders.1.model.{key}": tensor for key, tensor in result.items()}
