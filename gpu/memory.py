"""How much memory there is: of the device, of this process, of loaded models."""

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from gpu.device import CPU

# What models may take by default; the rest is for activations and, on a CPU, for everybody else.
GPU_SHARE, CPU_SHARE = 0.8, 0.5


def free_bytes(device: str) -> int:
    """Bytes that new tensors on the device can still take."""
    if device == CPU:
        return _meminfo("MemAvailable")
    unused_by_torch = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + unused_by_torch


def default_budget(device: str) -> int:
    """Bytes that loaded models may take when nobody says so."""
    if device == CPU:
        return int(_meminfo("MemTotal") * CPU_SHARE)
    return int(torch.cuda.mem_get_info(device)[1] * GPU_SHARE)


def process_bytes() -> int:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def tensor_bytes(modules: Iterable[torch.nn.Module]) -> int:
    """Bytes of all parameters and buffers, those shared between modules counted once."""
    storages = {}
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


@contextmanager
def side_stream(device: str) -> Iterator[None]:
    """What the block copies to a GPU does not wait in line with what is being drawn there."""
    if device == CPU:
        yield
        return
    stream = torch.cuda.Stream(device)
    with torch.cuda.stream(stream):
        yield
    stream.synchronize()


def release() -> None:
    """Give memory that no tensor uses any more back to the device."""
    gc.collect()  # modules hold cycles
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _meminfo(field: str) -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) * 1024
