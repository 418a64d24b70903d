"""R12: from a new process to its first picture, against plain `from_pretrained` and a first call."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from statistics import median

from gpu.device import CPU

from .ratio import pairs, ratios, verdict
from .subject import PROMPT, Subject, subject

BAR = 1.1
OURS = """
import json, sys
from gpu import collector, device
device.bind(sys.argv[1], threads=1 if sys.argv[1] == "cpu" else None)
with collector.undisturbed():
    from gpu.requests import InferenceRequest, ModelSource, PipelineKey
    from gpu.runner import Runner
    runner = Runner()
    runner.warm_up()
settings = json.loads(sys.argv[4])
request = InferenceRequest(PipelineKey(ModelSource(sys.argv[2])), (sys.argv[3],), (0,), **settings)
runner.run(request)
print("drawn", flush=True)
"""
THEIRS = """
import json, os, sys
if sys.argv[1] == "cpu":
    os.environ["OMP_NUM_THREADS"] = "1"
import torch
from diffusers import StableDiffusionXLPipeline
dtype = torch.float32 if sys.argv[1] == "cpu" else torch.bfloat16
pipeline = StableDiffusionXLPipeline.from_pretrained(sys.argv[2], dtype=dtype, use_safetensors=True)
pipeline.to(sys.argv[1])
pipeline(sys.argv[3], generator=torch.Generator().manual_seed(0), **json.loads(sys.argv[4]))
print("drawn", flush=True)
"""


def main() -> None:
    with subject() as measured:
        first = replace(measured, settings={**measured.settings, "num_inference_steps": 4})
        timed = pairs(lambda: _seconds(first, OURS), lambda: _seconds(first, THEIRS))
        print(f"{measured.name}: a new process to a first picture of 4 steps")
        print(
            f"ours {median(one for one, _ in timed):.2f} s, diffusers {median(two for _, two in timed):.2f} s"
        )
        print(verdict("R12", ratios(timed), at_most=BAR))


def _seconds(measured: Subject, program: str) -> float:
    place = CPU if measured.device == CPU else "cuda:0"
    arguments = [place, str(measured.checkpoint), PROMPT, json.dumps(measured.settings)]
    command = [sys.executable, "-c", program, *arguments]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        said = process.stdout.readline()
        seconds = time.perf_counter() - began
    assert said == b"drawn\n", f"ended with {process.returncode}"
    return seconds


if __name__ == "__main__":
    main()
