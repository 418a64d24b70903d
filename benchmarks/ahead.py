"""The gap that a change of model leaves on the device, with the next model fetched ahead against without.

Three checkpoints take turns where there is room for two, so every picture needs one that is not there. The
gap is from the request to its first step. What the drawing of a picture takes while the next model is
fetched is printed too, and what a picture takes with its gap, which is what all that is worth. A CPU would
only read the files ahead: here it is made to load them too, so that the figures say why it does not.
"""

import tempfile
from itertools import cycle
from pathlib import Path
from statistics import median

from gpu.requests import InferenceRequest, InferenceResult, ModelSource, PipelineKey, StepEvent
from gpu.runner import Runner

from .ratio import pairs, ratios, verdict
from .subject import PROMPT, Subject, subject
from .swaps import bytes_of, changed_copy

BAR = 0.5
PICTURES = 4  # of each arm in each pair; the first one loads what the other arm has let go


class Turns:
    """Pictures from one checkpoint after another."""

    def __init__(self, measured: Subject, checkpoints: list[Path], *, ahead: bool) -> None:
        self._settings = measured.settings
        self._keys = [PipelineKey(ModelSource(str(path))) for path in checkpoints]
        self._turns = cycle(range(len(checkpoints)))
        self._ahead = ahead
        one = bytes_of(measured.device, self._keys[0], measured.settings)
        self._runner = Runner(measured.device, budget_bytes=int(one * 2.2))
        self._runner._engine.loads_ahead = ahead
        self.timings: list[dict[str, float]] = []

    def gap(self) -> float:
        """Median seconds until the first step; all seconds are kept in `timings`."""
        timed = [self._draw(next(self._turns)).timings for _ in range(PICTURES)][1:]
        self.timings += timed
        return median(one["load_s"] for one in timed)

    def _draw(self, turn: int) -> InferenceResult:
        present, following = self._keys[turn], self._keys[(turn + 1) % len(self._keys)]

        def heard(event: StepEvent) -> None:
            if self._ahead and event.step == 1:
                self._runner.prefetch([present, following])

        return self._runner.run(InferenceRequest(present, (PROMPT,), (0,), **self._settings), heard)


def main() -> None:
    with subject() as measured, tempfile.TemporaryDirectory(prefix="atelier-ahead-") as folder:
        others = [changed_copy(measured.checkpoint, Path(folder) / str(n), 1 + n / 8) for n in (1, 2)]
        checkpoints = [measured.checkpoint, *others]
        ours = Turns(measured, checkpoints, ahead=True)
        reference = Turns(measured, checkpoints, ahead=False)
        timed = pairs(ours.gap, reference.gap)
        print(f"{measured.name}: from the request to the first step, another checkpoint each time")
        print(f"fetched ahead {median(one for one, _ in timed) * 1e3:.1f} ms", end=", ")
        print(f"loaded when wanted {median(two for _, two in timed) * 1e3:.1f} ms")
        for name, what in (("denoise_s", "drawing alone"), ("total_s", "gap and picture")):
            times = [median(one[name] for one in each.timings) for each in (ours, reference)]
            print(f"{what}: {times[0]:.2f} s, {times[1]:.2f} s, ratio {times[0] / times[1]:.2f}")
        print(verdict("ahead", ratios(timed), at_most=BAR))


if __name__ == "__main__":
    main()
