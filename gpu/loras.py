"""LoRA files as one block of memory each, and what of it belongs to which layer of an SDXL checkpoint."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import StableDiffusionXLPipeline
from diffusers.utils.state_dict_utils import (
    StateDictType,
    convert_state_dict_to_peft,
    convert_unet_state_dict_to_peft,
)
from peft.utils.other import get_pattern_key
from safetensors import safe_open

from gpu.errors import IncompatibleAdapter
from gpu.weights import LoraInfo

ADAPTED = ("unet", "text_encoder", "text_encoder_2")
StateDict = dict[str, torch.Tensor]
_METADATA = "lora_adapter_metadata"  # where diffusers writes the configuration of PEFT
_UNREADABLE = {
    "dora_scale": "is a DoRA",
    "lora_magnitude_vector": "is a DoRA",
    "lora_B.bias": "has biases",
    "lora_mid": "has Tucker matrices",
    "hada_": "holds LoHa layers",
    "lokr_": "holds LoKr layers",
}


@dataclass(frozen=True, slots=True)
class Delta:
    """What a LoRA adds to the weight of one layer: `scale` times `up` @ `down`, both parts of one block."""

    component: str  # one of ADAPTED
    layer: str
    up: torch.Tensor
    down: torch.Tensor
    scale: float


class Lora:
    """The tensors of a checked file in one block, so that one copy takes them all to a device.

    `pinned` puts the block where a GPU fetches it by itself.
    Raises `IncompatibleAdapter` for kinds that are no plain LoRA, or if a number is not finite.
    """

    def __init__(self, info: LoraInfo, *, pinned: bool = False) -> None:
        self.info = info
        with safe_open(info.path, "pt") as file:
            self._settings = json.loads((file.metadata() or {}).get(_METADATA, "{}"))
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
        self._demand_plain(stored)
        self._alphas = {name: stored.pop(name).item() for name in list(stored) if name.endswith(".alpha")}
        self.block, self._tensors = _packed(stored, pinned)
        self._demand_finite()
        self._deltas: dict[int, list[Delta]] = {}

    def deltas(self, unet_config: Mapping[str, Any]) -> list[Delta]:
        """By layer, for checkpoints with such a UNet. Raises `IncompatibleAdapter` if a part has no layer."""
        depth = unet_config["layers_per_block"]  # all that the names of layers depend on
        if depth not in self._deltas:
            self._deltas[depth] = list(self._read(unet_config))
        return self._deltas[depth]

    def _read(self, unet_config: Mapping[str, Any]) -> Iterator[Delta]:
        names = {id(tensor): name for name, tensor in self._tensors.items()}
        matched = 0
        for component, parts in _by_component(self._renamed(unet_config)).items():
            for name, down in parts.items():
                layer, is_down, _ = name.partition(".lora_A.")
                up = parts.get(f"{layer}.lora_B.weight")
                if is_down and up is not None:
                    matched += 2
                    scale = self._scale(names[id(down)], component, layer, down.shape[0])
                    yield Delta(component, layer, up, down, scale)
        if matched != len(self._tensors):
            raise IncompatibleAdapter(
                f"{self.info.path.name} does not fit this checkpoint: {len(self._tensors) - matched} of its"
                f" {len(self._tensors)} matrices belong to no layer; use a LoRA trained for it."
            )

    def _renamed(self, unet_config: Mapping[str, Any]) -> StateDict:
        try:
            return StableDiffusionXLPipeline.lora_state_dict(dict(self._tensors), unet_config=unet_config)[0]
        except Exception as error:  # the names are those of another kind of network
            raise IncompatibleAdapter(
                f"{self.info.path.name} does not fit this checkpoint"
                f" ({str(error).strip().splitlines()[0]}); use a LoRA trained for SDXL."
            ) from error

    def _scale(self, stored_name: str, component: str, layer: str, rank: int) -> float:
        """What alpha makes of it: stored beside the matrices (kohya), or in the header (PEFT), or nothing."""
        stem = stored_name.removesuffix(".weight").rpartition(".")[0]
        if f"{stem}.alpha" in self._alphas:
            return self._alphas[f"{stem}.alpha"] / rank
        settings = {
            key.removeprefix(f"{component}."): value
            for key, value in self._settings.items()
            if key.startswith(f"{component}.")
        }
        if "lora_alpha" not in settings:
            return 1.0
        patterns = settings.get("alpha_pattern") or {}
        alpha = patterns.get(get_pattern_key(patterns, layer), settings["lora_alpha"])
        return alpha / (rank**0.5 if settings.get("use_rslora") else rank)

    def _demand_plain(self, stored: StateDict) -> None:
        for name in stored:
            what = next((what for sign, what in _UNREADABLE.items() if sign in name), None)
            if what:
                raise IncompatibleAdapter(
                    f"{self.info.path.name} {what} ({name}), which cannot be used; train or convert it to a"
                    " plain LoRA."
                )

    def _demand_finite(self) -> None:
        if not torch.isfinite(self.block).all():
            name = next(name for name, part in self._tensors.items() if not torch.isfinite(part).all())
            raise IncompatibleAdapter(
                f"{self.info.path.name} holds NaN or infinity in {name}; its training failed, so train it"
                " again."
            )


def _packed(stored: StateDict, pinned: bool) -> tuple[torch.Tensor, StateDict]:
    """One block with all the numbers, and its parts by name."""
    dtypes = {tensor.dtype for tensor in stored.values()}
    dtype = dtypes.pop() if len(dtypes) == 1 else torch.float32
    block = torch.empty(sum(map(torch.numel, stored.values())), dtype=dtype, pin_memory=pinned)
    parts, start = {}, 0
    for name, tensor in stored.items():
        parts[name] = block[start : start + tensor.numel()].view(tensor.shape)
        parts[name].copy_(tensor)
        start += tensor.numel()
    return block, parts


def _by_component(renamed: StateDict) -> dict[str, StateDict]:
    """The tensors of each network, under the names of PEFT."""
    split = {
        component: {
            name.removeprefix(f"{component}."): tensor
            for name, tensor in renamed.items()
            if name.startswith(f"{component}.")
        }
        for component in ADAPTED
    }
    for component, parts in split.items():
        if component == "unet":
            split[component] = convert_unet_state_dict_to_peft(parts)
        else:
            # this one of its tables knows the names of all kinds; those of PEFT stay as they are
            split[component] = convert_state_dict_to_peft(parts, StateDictType.DIFFUSERS_OLD)
    return split
