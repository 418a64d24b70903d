"""Safetensors files, judged by their header alone: names, shapes and sizes, without torch or loading."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gpu.errors import ModelIncomplete, ModelNotFound, UnsafeWeights

SUFFIX = ".safetensors"
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # torch.save, pickle
_MAX_HEADER = 100_000_000  # bytes, the limit of the format
_SAMPLES, _SAMPLE = 256, 4096  # how many places of a file are looked at for its fingerprint, bytes of each
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TensorFile:
    """The table of contents of a safetensors file; `bytes` is the size of the whole file."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    bytes: int

    @property
    def elements(self) -> int:
        """Numbers in all tensors together."""
        return sum(math.prod(shape) for shape in self.shapes.values())


def read(path: Path) -> TensorFile:
    """Read and check the header.

    Raises `ModelNotFound` if there is no such file, `UnsafeWeights` if it is anything but safetensors
    (a pickle under another name too), `ModelIncomplete` if it is cut short or damaged.
    """
    if not path.is_file():
        raise ModelNotFound(f"There is no file {path.name}; check the path.")
    if path.suffix != SUFFIX:
        raise UnsafeWeights(f"{path.name} is refused: convert the weights to {SUFFIX} and use that file.")
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        _refuse_pickle(path, start)
        if not 2 <= length <= min(_MAX_HEADER, size - 8):
            raise ModelIncomplete(f"{path.name} is damaged or cut short; copy or download it again.")
        header = file.read(length)
    entries = _entries(path, header)
    _check_extent(path, entries, size - 8 - length)
    return TensorFile(path, {name: tuple(entry["shape"]) for name, entry in entries.items()}, size)


def sha256(path: Path) -> str:
    """Hex digest of the file, remembered while its size and time of change stay the same."""
    status = path.stat()
    return _sha256(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _sha256(path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """Hex digest of size, header and samples of the data: files that differ hardly ever share it."""
    status = path.stat()
    return _fingerprint(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _fingerprint(path: Path, _changed: int, size: int) -> str:
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(int.from_bytes(file.read(8), "little")))
        for place in range(0, size, max(_SAMPLE, size // _SAMPLES)):
            file.seek(place)
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def same_content(first: Path, second: Path) -> bool:
    """Whether two files with one fingerprint are equal; they are read for it unless they are one file."""
    return first.samefile(second) or sha256(first) == sha256(second)


def _refuse_pickle(path: Path, start: bytes) -> None:
    if start.startswith(_PICKLE_STARTS):
        raise UnsafeWeights(
            f"{path.name} is a pickle under another name and could run code;"
            f" convert the weights to {SUFFIX} and use that file."
        )


def _entries(path: Path, header: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(header)
        entries.pop("__metadata__", None)
        for entry in entries.values():
            begin, end = entry["data_offsets"]
            stored = _BITS[entry["dtype"]] * math.prod(entry["shape"])
            if min(entry["shape"], default=0) < 0 or begin < 0 or stored != (end - begin) * 8:
                raise ValueError("a tensor's shape does not match its data")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnsafeWeights(
            f"{path.name} is not a valid {SUFFIX} file ({error}); export it again as {SUFFIX}."
        ) from error
    return entries


def _check_extent(path: Path, entries: Mapping[str, Any], available: int) -> None:
    needed = max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    if needed != available:
        raise ModelIncomplete(
            f"{path.name} holds {available} bytes of tensors instead of {needed}; copy or download it again."
        )
