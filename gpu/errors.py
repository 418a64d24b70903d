"""What can go wrong while making pictures, and what the caller should do about it.

Every class carries a stable `code` and a `decision`; the message is one sentence with the remedy.
"""

from enum import StrEnum


class Decision(StrEnum):
    """What an error means for the work that met it."""

    CALLER = "caller"  # the request or its files are wrong: never retry
    TRANSIENT = "transient"  # the same request may work later: retry with backoff
    OUT_OF_MEMORY = "out_of_memory"  # retry with a smaller batch, then on another device
    FATAL = "fatal"  # this process can make no more pictures: restart it, retry elsewhere


class GpuError(Exception):
    """Base of every failure that `gpu` reports on purpose."""

    code: str = "gpu_error"
    decision: Decision = Decision.FATAL


class InvalidRequest(GpuError):
    """A field of the request is out of bounds or contradicts another one."""

    code = "invalid_request"
    decision = Decision.CALLER


class ModelNotFound(GpuError):
    """A checkpoint, ControlNet or LoRA is not where the request says it is."""

    code = "model_not_found"
    decision = Decision.CALLER


class ModelIncomplete(GpuError):
    """A file of a model is missing, cut short or does not fit the others; the message names it."""

    code = "model_incomplete"
    decision = Decision.CALLER


class UnsupportedModel(GpuError):
    """A model that is complete but not of a kind that this package runs."""

    code = "unsupported_model"
    decision = Decision.CALLER


class UnsafeWeights(GpuError):
    """Weights that could run code when loaded (pickles, also disguised ones) are refused."""

    code = "unsafe_weights"
    decision = Decision.CALLER


class IncompatibleAdapter(GpuError):
    """A LoRA does not fit the checkpoint, or holds no usable LoRA weights."""

    code = "incompatible_adapter"
    decision = Decision.CALLER


class UnknownScheduler(GpuError):
    """A scheduler name that is not in `gpu.schedulers.SCHEDULERS`."""

    code = "unknown_scheduler"
    decision = Decision.CALLER


class BrokenOutput(GpuError):
    """The model computed NaN or infinity instead of a picture."""

    code = "broken_output"
    decision = Decision.CALLER


class HubUnreachable(GpuError):
    """The model hub did not answer and the model is not in the local cache."""

    code = "hub_unreachable"
    decision = Decision.TRANSIENT


class OutOfMemory(GpuError):
    """Models or activations did not fit into the memory of the device."""

    code = "out_of_memory"
    decision = Decision.OUT_OF_MEMORY


class DeviceFault(GpuError):
    """The device or its driver failed; nothing computed in this process can be trusted any more."""

    code = "device_fault"
    decision = Decision.FATAL


class Canceled(Exception):
    """The caller asked to stop; raised between two steps. Not a failure, so it decides nothing."""


_MEMORY_SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory")
_DEVICE_SIGNS = ("cuda error", "cudnn error", "cublas error", "cudnn_status", "cublas_status", "nvrtc")


def translated(error: Exception) -> Exception:
    """The named error that a raw torch error stands for, or `error` itself when it stands for none.

    Recognised by class name and text, because this module must not import torch.
    """
    text = f"{type(error).__name__}: {error}".lower()
    if isinstance(error, GpuError):
        return error
    if isinstance(error, MemoryError) or any(sign in text for sign in ("outofmemoryerror", *_MEMORY_SIGNS)):
        return OutOfMemory(
            "The device ran out of memory; ask for fewer or smaller images, or lower the cache budget."
        )
    if "acceleratorerror" in text or any(sign in text for sign in _DEVICE_SIGNS):
        return DeviceFault(f"The device failed ({error}); restart this worker and run the request elsewhere.")
    return error
