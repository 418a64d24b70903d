"""One 128 × 128 picture at 20 steps: the whole stack against the raw diffusers call, turn by turn."""

import statistics
import time

import torch
from diffusers import StableDiffusionXLPipeline

from gpu import pocket
from tests.stack import RunningStack

PAIRS = 10
PROMPT = "a red circle on a blue background"
SETTINGS = {"num_inference_steps": 20, "guidance_scale": 3.0, "width": 128, "height": 128}


def run(stack: RunningStack) -> None:
    torch.set_num_threads(1)  # as pools.toml has it, and faster than two on most days
    pipeline = StableDiffusionXLPipeline.from_pretrained(pocket.CHECKPOINT, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    with stack.client() as client:

        def whole(seed: int) -> tuple[float, float]:
            body = {"family": "shapes", "inputs": {"prompt": PROMPT, **SETTINGS}, "seed": seed}
            began = time.monotonic()
            answer = client.post("/v1/generations", json=body, headers={"Prefer": "wait=60"}).json()
            seconds = time.monotonic() - began
            assert answer["status"] == "succeeded", answer
            return seconds, answer["predictions"][0]["metrics"]["predict_time"]

        def raw(seed: int) -> float:
            began = time.monotonic()
            pipeline(PROMPT, generator=torch.Generator().manual_seed(seed), **SETTINGS)
            return time.monotonic() - began

        whole(0), raw(0)
        stacks, inside, raws = [], [], []
        for pair in range(PAIRS):
            for arm in ("whole", "raw") if pair % 2 else ("raw", "whole"):
                if arm == "raw":
                    raws.append(raw(pair))
                else:
                    total, predict = whole(pair)
                    stacks.append(total)
                    inside.append(predict)
    ratios = sorted(one / other for one, other in zip(stacks, raws, strict=True))
    print(f"raw diffusers call     {statistics.median(raws):.3f} s")
    print(f"inside the worker      {statistics.median(inside):.3f} s")
    print(f"POST to finished JSON  {statistics.median(stacks):.3f} s")
    print(f"ratio                  {statistics.median(ratios):.2f} [{ratios[0]:.2f}–{ratios[-1]:.2f}]")
