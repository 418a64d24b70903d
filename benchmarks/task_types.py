"""Seconds and peak memory of every task type: pocket models, real processors, the pools of pools.toml.

Every request finds a process that has drawn nothing yet; asked again it finds its models resident. Seconds go
from the claim to the stored result. Memory is the most that a process of the pool held meanwhile, as Linux
counts it, the models of its chain and torch included.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from PIL import Image

from tests.chains import portrait
from tests.pictures import circle_and_square, data_uri, png, yellow_triangle
from tests.stack import RunningStack

PROMPT = "a red circle on a blue background"
SECONDS = 600  # for any of these, on a machine that does other things too
TASKS = """
SELECT task_type, status, worker, extract(epoch FROM completed_at - started_at)::float FROM strategies_task
WHERE generation_id = %s OR id = %s ORDER BY step
"""
PEAK, RESET_PEAK = "VmHWM:", "5"


@dataclass(frozen=True)
class Measured:
    task_type: str
    seconds: float
    peak_mib: int


def run(stack: RunningStack) -> None:
    print(f"{'task type':<36} {'first':>8} {'again':>8} {'peak':>8}")
    with stack.client() as client, stack.database() as database:
        for note, path, body in _requests(client):
            stack.worker_child("gpu").kill()
            first, again = (
                _measured(stack, database, _made(client.post(path, json=body))["id"]) for _ in range(2)
            )
            for cold, warm in zip(first, again, strict=True):
                peak = max(cold.peak_mib, warm.peak_mib)
                what = f"{cold.task_type} {note}"
                print(f"{what:<36} {cold.seconds:6.2f} s {warm.seconds:6.2f} s {peak:4d} MiB", flush=True)


def _requests(client: httpx.Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A note, an address and a body for every task type; the workflows' defaults where nothing is said."""
    base, photo = circle_and_square(), portrait()
    yield "128×128, 20 steps", "/v1/generations", {"strategy": "generate", "inputs": {"prompt": PROMPT}}
    for note, shorthand, inputs in _shorthands(base, photo):
        yield note, f"/v1/generations/{shorthand}", {"inputs": inputs}
    picture = _made(client.post("/v1/assets", files={"file": ("a.png", png(base))}))["id"]
    params = {"evaluator": "clip", "prompt": PROMPT, "image": picture}
    yield "by CLIP", "/v1/tasks", {"task_type": "evaluation", "params": params}
    params = {"template": "{subject} at night", "words": {"subject": "a red circle"}}
    yield "by template", "/v1/tasks", {"task_type": "prompt", "params": params}
    subject = _made(client.post("/v1/subjects", json={"name": "Zorp", "trigger_word": "zorp"}))["id"]
    training = {"images": [picture], "num_train_steps": 50, "learning_rate": 2e-3}
    yield "50 steps", f"/v1/subjects/{subject}/train", training


def _shorthands(base: Image.Image, photo: Image.Image) -> Iterator[tuple[str, str, dict[str, Any]]]:
    small, face = data_uri(base), data_uri(photo)
    reference = {"image": data_uri(yellow_triangle()), "x": 0.25, "y": 0.5, "scale": 0.4}
    edit = {"base_image": small, "region": "the red circle", "reference_images": [reference]}
    prompt = "a yellow triangle and a blue square on a white background"
    yield "128×128, a reference", "edit", {**edit, "prompt": prompt}
    yield "128×128 ×2, 9 tiles", "refine", {"base_image": small, "scale": 2}
    larger = data_uri(base.resize((256, 256), Image.Resampling.BICUBIC))
    yield "256×256 ×4, 81 tiles", "refine", {"base_image": larger, "scale": 4}
    yield "128×128", "background-fix", {"base_image": small, "prompt": "a red circle on a green background"}
    yield "192×192, one face", "face-fix", {"base_image": face}
    yield "64×64, 8 frames", "video", {"source_image": small}
    huge = data_uri(photo.resize((2048, 2048), Image.Resampling.BICUBIC))
    adjust = {"brightness": 1.2, "saturation": 0.8, "temperature": 0.2, "auto_levels": True}
    yield "2048×2048, four changes", "image-adjust", {"base_image": huge, **adjust}


def _measured(stack: RunningStack, database: psycopg.Connection, asked: str) -> list[Measured]:
    """Every step of one request, as it ends."""
    _forget_peaks(stack)
    end, steps = time.monotonic() + SECONDS, []
    while True:
        tasks = database.execute(TASKS, [asked, asked]).fetchall()
        for task_type, status, worker, seconds in tasks[len(steps) :]:
            if status not in ("starting", "processing"):
                assert status == "succeeded", (task_type, status)
                steps.append(Measured(task_type, seconds, _peak(stack, worker)))
                _forget_peaks(stack)
        if len(steps) == len(tasks):
            return steps
        assert time.monotonic() < end, tasks
        time.sleep(0.01)


def _peak(stack: RunningStack, worker: str) -> int:
    """MiB, of the largest process of a pool that runs tasks."""
    (parent,) = stack.processes("workers.app", f"--hostname {worker.partition('@')[0]}@")
    return max(_own_peak(process) for process in _children(parent) or [parent])


def _own_peak(process: psutil.Process) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(PEAK)) // 1024


def _forget_peaks(stack: RunningStack) -> None:
    """From now on the peak is that of what comes next."""
    for process in stack.processes("spawn_main"):
        Path(f"/proc/{process.pid}/clear_refs").write_text(RESET_PEAK)


def _children(parent: psutil.Process) -> list[psutil.Process]:
    return [child for child in parent.children() if "spawn_main" in " ".join(child.cmdline())]


def _made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    return answer.json()
