"""Which device this process draws on. Bound once, before torch is imported; nothing here imports torch."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from gpu.errors import GpuError, InvalidRequest

CPU = "cpu"
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_BOUND = "ATELIER_DEVICE"  # in the environment, like CUDA_VISIBLE_DEVICES, so that children agree on both


class BoundTooLate(GpuError):
    """torch was imported before the process was bound, so it may already hold another device."""

    code = "bound_too_late"


def bind(device: str, threads: int | None = None) -> None:
    """Bind this process to "cpu" or "cuda:N" for its lifetime.

    `threads` is the number of CPU threads torch may use; None leaves that to torch. The same number
    gives the same bytes on a CPU, so fix it where pictures must be reproducible.
    Raises `InvalidRequest` for another spelling and `BoundTooLate` if torch is already imported.
    """
    index = _index(device)
    if "torch" in sys.modules:
        raise BoundTooLate(f"torch is already imported; bind {device} first thing in a new process.")
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # the order of nvidia-smi, which `detect` reads
    os.environ["CUDA_VISIBLE_DEVICES"] = "" if index is None else str(index)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # reproducible matrix products
    # Spinning OpenMP threads made steps 4 to 6 times slower when others used the cores (2 cores, load 5).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if threads is not None:
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    os.environ[_BOUND] = device


def torch_device(device: str | None = None) -> str:
    """The name torch knows the device by: a bound GPU is the only visible one, hence "cuda:0".

    Without a device it is the bound one, or "cpu" in an unbound process.
    """
    bound = os.environ.get(_BOUND)
    name = device or bound or CPU
    if _index(name) is None:
        return CPU
    return "cuda:0" if name == bound else name


def default_dtype(device: str) -> str:
    """bfloat16 on a GPU (range of float32, so the autoencoder does not overflow), float32 on a CPU."""
    return "float32" if _index(device) is None else "bfloat16"


def detect() -> list[str]:
    """The devices of this machine, found without torch: ["cuda:0", …], or ["cpu"] if there is no GPU."""
    count = _count_by_tool() or _count_by_nodes()
    return [f"cuda:{index}" for index in range(count)] or [CPU]


def _index(device: str) -> int | None:
    if device == CPU:
        return None
    kind, _, index = device.partition(":")
    if kind != "cuda" or not index.isascii() or not index.isdigit():
        raise InvalidRequest(f'Device {device!r} is unknown; use "cpu" or "cuda:N".')
    return int(index)


def _count_by_tool() -> int:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    try:
        listing = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):  # installed without a working driver
        return 0
    return sum(line.startswith("GPU ") for line in listing.splitlines())


def _count_by_nodes() -> int:
    return sum(node.name.removeprefix("nvidia").isdigit() for node in Path("/dev").glob("nvidia*"))
