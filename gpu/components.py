"""One network of a model: its weights go from the mapped file straight to the device.

Unlike `from_pretrained`, nothing here touches what a process has only once (torch's default dtype, the way
modules are made), so that one thread may load while another draws.
"""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import diffusers
import torch
import transformers
from safetensors import safe_open

from gpu import tensorfile
from gpu.compute import Engine
from gpu.errors import ModelIncomplete
from gpu.weights import NetworkFiles

LEVEL = "text_model."  # some versions of transformers have this level in the names, some not
# What modules compute when they are made and no file holds, by its last name.
_COMPUTED: dict[str, Callable[[torch.Size], torch.Tensor]] = {
    "position_ids": lambda shape: torch.arange(shape[-1]).expand(shape)
}


class Components:
    """The networks of one device that anything still holds: files of equal content are loaded once."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._held: WeakValueDictionary[tuple[Any, ...], torch.nn.Module] = WeakValueDictionary()
        self._files: dict[tuple[Any, ...], tuple[Path, ...]] = {}
        self._lock = Lock()

    def held(self, part: NetworkFiles, dtype: torch.dtype) -> torch.nn.Module | None:
        """The same network, if it is on the device already."""
        key = _key(part, dtype)
        with self._lock:
            network, known = self._held.get(key), self._files.get(key, ())
        try:
            same = all(map(tensorfile.same_content, part.weights, known))
        except OSError:  # what it was loaded from is gone
            same = False
        return network if same else None

    def get(self, part: NetworkFiles, dtype: torch.dtype) -> torch.nn.Module:
        """A network on the device, loaded unless it is held.

        Raises `ModelIncomplete` if the files lack a tensor or one of another shape is in its place.
        """
        network = self.held(part, dtype)
        if network is None:
            network = _loaded(part, dtype, self.engine.device)
            self.engine.prepare(network)
            key = _key(part, dtype)
            with self._lock:
                self._held[key], self._files[key] = network, part.weights
                self._files = {key: files for key, files in self._files.items() if key in self._held}
        return network


def _key(part: NetworkFiles, dtype: torch.dtype) -> tuple[Any, ...]:
    return (part.class_name, _settings(part.folder), dtype, *map(tensorfile.fingerprint, part.weights))


def _settings(folder: Path) -> str:
    """The config, but for who wrote it."""
    config = json.loads((folder / "config.json").read_bytes())
    return json.dumps({name: value for name, value in config.items() if name[0] != "_"}, sort_keys=True)


def _loaded(part: NetworkFiles, dtype: torch.dtype, device: str) -> torch.nn.Module:
    network = _empty(part)
    stored: dict[str, torch.Tensor] = {}
    for path in part.weights:
        with safe_open(path, "pt", device=device) as file:
            for name in file.keys():  # noqa: SIM118  no mapping
                stored[name] = file.get_tensor(name).to(dtype)
    if isinstance(network, diffusers.ModelMixin):
        network._fix_state_dict_keys_on_load(stored)  # names of before 2023, which the first SDXL files have
    named = {name.removeprefix(LEVEL): tensor for name, tensor in stored.items()}
    wanted = {name: named.get(name.removeprefix(LEVEL)) for name in network.state_dict()}
    missing = [name for name, tensor in wanted.items() if tensor is None]
    if missing:
        model = f"{part.folder.parent.name}/{part.name}" if part.name else part.folder.name
        raise ModelIncomplete(f"{model} lacks the tensor {min(missing)}; copy or download the model again.")
    network.load_state_dict(wanted, assign=True)
    _compute(network, device)
    return network.eval()


def _empty(part: NetworkFiles) -> torch.nn.Module:
    """The network without memory for its weights."""
    if hasattr(diffusers, part.class_name):
        kind = getattr(diffusers, part.class_name)
        config = kind.load_config(part.folder)
        with torch.device("meta"):
            return kind.from_config(config)
    kind = getattr(transformers, part.class_name)
    config = kind.config_class.from_pretrained(part.folder, local_files_only=True)
    with torch.device("meta"):
        return kind(config)


def _compute(network: torch.nn.Module, device: str) -> None:
    for name, buffer in list(network.named_buffers()):
        if buffer.is_meta:
            owner, _, last = name.rpartition(".")
            computed = _COMPUTED[last](buffer.shape).to(device)
            network.get_submodule(owner).register_buffer(last, computed, persistent=False)
