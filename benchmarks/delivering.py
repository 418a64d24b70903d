"""R9: of the time a picture takes, how much the thread of the device spends on encoding, storing and rows.

Pictures of 1024 x 1024 with the detail of photographs, from a pipeline that sleeps for as long as drawing
would take; PostgreSQL, Redis and files are real. What the work costs where it is done, beside the drawing,
is printed with it.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import cv2
import numpy as np
from PIL import Image

from .ratio import verdict
from .servers import django_on_servers

BAR = 0.01
RUNS, PICTURES = 5, 12
SIDE, STEPS, STEP_SECONDS = 1024, 10, 0.1
OURS = {"generate", "claim"}  # what the thread of the device is there for


class Clock:
    """Seconds spent in named functions."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def timed(self, name: str, function: Callable) -> Callable:
        def run(*args, **options):
            began = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self.seconds.setdefault(name, []).append(time.perf_counter() - began)

        return run

    def total(self, name: str) -> float:
        return sum(self.seconds.get(name, ()))


def main() -> None:
    with django_on_servers():
        _measure()


def _measure() -> None:
    from django.core.management import call_command  # noqa: PLC0415  after setup
    from django.db import connections  # noqa: PLC0415

    from strategies import lifecycle  # noqa: PLC0415
    from tests.factories import make_generation, make_owner, make_workflow  # noqa: PLC0415
    from workers import delivery, execution, generators  # noqa: PLC0415
    from workers.generators.mock import Mock, MockConfig  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    owner, workflow = make_owner(), make_workflow()
    for name in ("width", "height"):
        next(spec for spec in workflow.contract["inputs"] if spec["key"] == name)["maximum"] = SIDE
    workflow.save()
    inputs = {"width": SIDE, "height": SIDE, "num_inference_steps": STEPS}
    claim, deliver, shares, written = lifecycle.claim_batch, delivery.deliver, [], []
    execution.TURN_SECONDS = float("inf")
    for run in range(RUNS):
        clock = Clock()
        mock = Mock(MockConfig(step_seconds=STEP_SECONDS))
        draw = _photographs(mock.generate)
        mock.generate = clock.timed("generate", draw)
        generators._started["mock"] = mock
        lifecycle.claim_batch = clock.timed("claim", claim)
        execution.deliver = clock.timed("deliver", deliver)
        for number in range(PICTURES):
            make_generation(owner, workflow, inputs=inputs, seed=run * PICTURES + number)
        began = time.perf_counter()
        ran = execution.run_turn("generation")
        last = clock.seconds["deliver"][-1]
        assert ran == PICTURES
        elapsed = time.perf_counter() - began - last  # behind the last picture nothing waits for the device
        spent = elapsed - sum(map(clock.total, OURS))
        shares.append(spent / clock.total("generate"))
        written.extend(clock.seconds["deliver"])
    connections.close_all()
    print(f"a picture                 {STEPS * STEP_SECONDS * 1e3:8.1f} ms, {SIDE} x {SIDE}")
    print(f"encoded, stored, recorded {median(written) * 1e3:8.1f} ms, beside the drawing of the next")
    print(f"on the device's thread    {median(shares) * STEPS * STEP_SECONDS * 1e3:8.1f} ms")
    print(verdict("R9", shares, at_most=BAR))


def _photographs(generate: Callable) -> Callable:
    """The same results, but with pictures that are as hard to compress as photographs."""
    random = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(random.integers(0, 256, (SIDE, SIDE, 3), np.uint8), (0, 0), 3)
    picture = Image.fromarray((smooth + random.integers(0, 6, smooth.shape)).astype(np.uint8))

    def drawn(*args):
        result = generate(*args)
        return replace(result, images=(picture,) * len(result.images))

    return drawn


if __name__ == "__main__":
    main()
