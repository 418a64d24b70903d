"""LoRA adapters: attached for one request, always detached again."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from diffusers import DiffusionPipeline
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import load_file

from gpu.errors import GpuError, IncompatibleAdapter, translated
from gpu.requests import Adapter
from gpu.weights import LoraInfo, validate_lora

StateDict = dict[str, torch.Tensor]
STORE_BYTES = 1 << 30  # an SDXL LoRA is 20 to 200 MB
_ADAPTED = ("unet", "text_encoder", "text_encoder_2")


class AdapterStore:
    """LoRA tensors on the CPU by content hash: the least recently used ones leave beyond `budget` bytes."""

    def __init__(self, budget: int = STORE_BYTES) -> None:
        self._budget = budget
        self._states: OrderedDict[str, StateDict] = OrderedDict()

    def get(self, info: LoraInfo) -> StateDict:
        """The tensors of a checked file. Raises `IncompatibleAdapter` if one of them is not finite."""
        state = self._states.pop(info.sha256, None)
        if state is None:
            state = load_file(info.path)
            _demand_finite(info, state)
        self._states[info.sha256] = state
        while self.bytes() > self._budget:
            self._states.popitem(last=False)
        return state

    def bytes(self) -> int:
        """Bytes of all tensors held."""
        return sum(tensor.nbytes for state in self._states.values() for tensor in state.values())


@contextmanager
def attached(
    pipeline: DiffusionPipeline, adapters: Sequence[Adapter], store: AdapterStore
) -> Iterator[tuple[LoraInfo, ...]]:
    """Run the block with the LoRAs acting at their weights; afterwards the models are as they were.

    Yields what is known of each file, in the order of `adapters`.
    Raises `IncompatibleAdapter` if a LoRA does not fit the checkpoint, and what `validate_lora` raises.
    """
    infos = tuple(validate_lora(adapter.source) for adapter in adapters)
    if not adapters:
        yield infos
        return
    names = [f"adapter_{index}" for index in range(len(adapters))]
    try:
        for name, info in zip(names, infos, strict=True):
            _load(pipeline, name, info, store.get(info))
        pipeline.set_adapters(names, [adapter.weight for adapter in adapters])
        yield infos
    finally:
        pipeline.unload_lora_weights()


def _load(pipeline: DiffusionPipeline, name: str, info: LoraInfo, state: StateDict) -> None:
    try:
        pipeline.load_lora_weights(state, adapter_name=name)
    except Exception as error:
        named = translated(error)
        if isinstance(named, GpuError):
            raise named from error
        raise IncompatibleAdapter(
            f"{info.path.name} does not fit this checkpoint ({_reason(error)}); use a LoRA trained for it."
        ) from error
    # diffusers leaves out, with a log line, what it finds no module for
    matrices = sum(tensor.ndim > 1 for tensor in state.values())
    loaded = _loaded_matrices(pipeline, name)
    if loaded != matrices:
        raise IncompatibleAdapter(
            f"{info.path.name} does not fit this checkpoint: {matrices - loaded} of its {matrices} matrices"
            " belong to no layer; use a LoRA trained for it."
        )


def _loaded_matrices(pipeline: DiffusionPipeline, name: str) -> int:
    layers = (
        layer
        for component in _ADAPTED
        for layer in getattr(pipeline, component).modules()
        if isinstance(layer, BaseTunerLayer)
    )
    return sum(2 for layer in layers if name in layer.lora_A)


def _demand_finite(info: LoraInfo, state: StateDict) -> None:
    for key, tensor in state.items():
        if not torch.isfinite(tensor).all():
            raise IncompatibleAdapter(
                f"{info.path.name} holds NaN or infinity in {key}; its training failed, so train it again."
            )


def _reason(error: Exception) -> str:
    """The line of torch's long message that names the first tensor."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "size mismatch" in line), lines[0] if lines else repr(error))
