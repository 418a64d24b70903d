"""A process is bound to its device before torch can see another one."""

import os
import subprocess
import sys

import pytest

from gpu import device
from gpu.errors import InvalidRequest


def in_new_process(script):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("CUDA", "ATELIER"))
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_binding_hides_every_other_device_and_sets_the_threads():
    script = """
from gpu import device
device.bind("cuda:3", threads=1)
import os, torch
print(os.environ["CUDA_VISIBLE_DEVICES"], device.torch_device(), device.torch_device("cuda:3"))
print(torch.get_num_threads())
"""
    assert in_new_process(script).split() == ["3", "cuda:0", "cuda:0", "1"]


def test_a_process_bound_to_the_cpu_sees_no_gpu():
    script = """
from gpu import device
device.bind("cpu")
import torch
print(torch.cuda.is_available(), device.torch_device())
"""
    assert in_new_process(script).split() == ["False", "cpu"]


def test_binding_after_torch_is_refused():
    import torch  # noqa: F401, PLC0415 - the point of the test

    with pytest.raises(device.BoundTooLate, match="new process"):
        device.bind("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda", "cuda:", "cuda:-1", "cuda:a", "CPU", "cuda:0,1"])
def test_a_device_that_is_spelled_wrong_is_refused(name):
    with pytest.raises(InvalidRequest, match="cuda:N"):
        device.torch_device(name)


def test_detection_counts_the_lines_of_the_driver_tool(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA H100'\necho 'GPU 1: NVIDIA H100'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert device.detect() == ["cuda:0", "cuda:1"]


def test_a_gpu_draws_in_half_the_bytes():
    assert device.default_dtype("cuda:0") == "bfloat16"
    assert device.default_dtype("cpu") == "float32"


@pytest.mark.skipif(device.detect() == [device.CPU], reason="this machine has no GPU")
def test_a_process_bound_to_a_gpu_sees_that_one_alone():
    listing = ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"]
    cards = subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split()
    for name, card in zip(device.detect(), cards, strict=True):
        script = f"""
from gpu import device
device.bind("{name}")
import torch
print(torch.cuda.device_count(), torch.cuda.get_device_properties(device.torch_device()).uuid)
"""
        count, seen = in_new_process(script).split()
        assert (count, f"GPU-{seen}") == ("1", card)
