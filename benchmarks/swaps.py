"""What 200 changes of model leave behind: memory of the process, or what torch has reserved on a GPU.

Two checkpoints take turns where there is room for one; every change evicts, loads and draws one step.
"""

import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from gpu import memory
from gpu.device import CPU
from gpu.requests import InferenceRequest, ModelSource, PipelineKey
from gpu.runner import Runner

from .ratio import verdict
from .subject import PROMPT, subject

SWAPS, SETTLED = 200, 20  # until then libraries take what they keep
BAR = 1.05


def main() -> None:
    with subject() as measured, tempfile.TemporaryDirectory(prefix="atelier-swaps-") as folder:
        other = changed_copy(measured.checkpoint, Path(folder) / "other", 1.125)
        keys = [PipelineKey(ModelSource(str(path))) for path in (measured.checkpoint, other)]
        size = {**measured.settings, "num_inference_steps": 1}
        budget = bytes_of(measured.device, keys[0], size)
        runner = Runner(measured.device, budget_bytes=int(budget * 1.1))
        used = []
        for number in range(SWAPS):
            runner.run(InferenceRequest(keys[number % 2], (PROMPT,), (number,), **size))
            used.append(_used(measured.device))
        evictions = runner.memory()["evictions"]
        assert evictions == SWAPS - 1, f"{evictions} evictions in {SWAPS} swaps"
        for number in (1, 2, SETTLED, SWAPS // 2, SWAPS):
            print(f"after swap {number:3}  {used[number - 1] / 2**20:8.1f} MiB")
        print(verdict("swaps", [each / used[SETTLED - 1] for each in used[-20:]], at_most=BAR))


def changed_copy(checkpoint: Path, folder: Path, factor: float) -> Path:
    """A checkpoint of which every network is another one, so that nothing is shared.

    A factor that is nearly one would be lost in half precision.
    """
    shutil.copytree(checkpoint, folder)
    for path in folder.rglob("*.safetensors"):
        tensors = load_file(path)
        name = next(iter(tensors))
        tensors[name] = tensors[name] * factor
        save_file(tensors, path, {"format": "pt"})
    return folder


def bytes_of(device: str, key: PipelineKey, size: dict) -> int:
    """What the models of a key take."""
    probe = Runner(device)
    probe.run(InferenceRequest(key, (PROMPT,), (0,), **size))
    taken = probe.memory()["model_bytes"]
    probe.close()
    return taken


def _used(device: str) -> int:
    return memory.process_bytes() if device == CPU else torch.cuda.memory_reserved(device)


if __name__ == "__main__":
    main()
