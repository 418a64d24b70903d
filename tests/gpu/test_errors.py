"""Raw torch errors become named ones with a decision."""

import pytest
import torch

from gpu.errors import Decision, DeviceFault, InvalidRequest, OutOfMemory, translated


@pytest.mark.parametrize(
    ("error", "decision"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), Decision.OUT_OF_MEMORY),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), Decision.OUT_OF_MEMORY),
        (MemoryError(), Decision.OUT_OF_MEMORY),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), Decision.FATAL),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), Decision.FATAL),
    ],
)
def test_device_errors_are_recognised(error, decision):
    named = translated(error)
    assert isinstance(named, (OutOfMemory, DeviceFault))
    assert named.decision is decision


def test_a_real_allocation_failure_is_out_of_memory():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**60, dtype=torch.uint8)
    assert isinstance(translated(raised.value), OutOfMemory)


def test_other_errors_pass_unchanged():
    for error in (ValueError("a bug"), InvalidRequest("mine")):
        assert translated(error) is error
