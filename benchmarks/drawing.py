"""R5 and R10: pictures a second, against a raw diffusers loop, and of a batch against one by one.

Both arms of R5 have the same checkpoint, dtype, steps, seeds and size; on a GPU it is drawn compiled by both
as well. R10 first looks for the cap, the largest batch that pays, as the calibration of a pool does, and then
measures every batch that the cap allows.
"""

import time
from collections.abc import Callable
from itertools import count
from statistics import median

import torch

from gpu.compute import Compute
from gpu.device import CPU
from gpu.requests import InferenceRequest, ModelSource, PipelineKey
from gpu.runner import Runner

from .ratio import pairs, ratios, verdict
from .subject import PROMPT, Subject, subject

BAR, BATCH_BAR = 0.97, 1.0
BATCHES = (2, 4)


def main() -> None:
    with subject() as measured:
        print(measured.name)
        runner = Runner(measured.device)
        print(_against_diffusers(measured, runner, "R5", compiled=False))
        if measured.device != CPU:
            compiled = Runner(measured.device, compute=Compute(compile=True))
            print(_against_diffusers(measured, compiled, "R5-compiled", compiled=True))
        _batches(measured, runner)


def _against_diffusers(measured: Subject, runner: Runner, name: str, *, compiled: bool) -> str:
    pipeline, seeds = measured.pipeline(), count()
    if compiled:
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.unet.compile_repeated_blocks(dynamic=False)

    def theirs() -> None:
        pipeline(PROMPT, generator=torch.Generator().manual_seed(next(seeds)), **measured.settings)

    ours = lambda: runner.run(_request(measured, [next(seeds)]))  # noqa: E731
    timed = pairs(lambda: _rate(measured, ours), lambda: _rate(measured, theirs))
    print(f"{name}: ours {median(one for one, _ in timed):.3f} images/s", end=", ")
    print(f"diffusers {median(other for _, other in timed):.3f} images/s")
    return verdict(name, ratios(timed), at_least=BAR)


def _batches(measured: Subject, runner: Runner) -> None:
    def speed_up(size: int, rounds: int) -> list[float]:
        batch = lambda: runner.run(_request(measured, list(range(size))))  # noqa: E731

        def singly() -> None:
            for seed in range(size):
                runner.run(_request(measured, [seed]))

        return ratios(pairs(lambda: _rate(measured, batch), lambda: _rate(measured, singly), rounds))

    cap = max((size for size in BATCHES if median(speed_up(size, 2)) >= 1), default=1)
    print(f"R10: the cap is {cap}")
    values = [ratio for size in BATCHES if size <= cap for ratio in speed_up(size, 5)]
    print(verdict("R10", values or [1.0], at_least=BATCH_BAR))


def _request(measured: Subject, seeds: list[int]) -> InferenceRequest:
    key = PipelineKey(ModelSource(str(measured.checkpoint)))
    return InferenceRequest(key, (PROMPT,) * len(seeds), tuple(seeds), **measured.settings)


def _rate(measured: Subject, action: Callable[[], object]) -> float:
    """Calls a second."""
    measured.finish()
    began = time.perf_counter()
    action()
    measured.finish()
    return 1 / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
