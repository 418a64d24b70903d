"""`manage.py calibrate`: measure on a pool's device how many images one call should draw."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gpu import device
from gpu.errors import GpuError
from strategies.errors import InvalidInputs
from strategies.policy import POLICY
from workers import calibration
from workers.generators.local_sdxl import LocalSdxl, LocalSdxlConfig
from workers.pools import Pool, PoolsFileError, load_pools


class Command(BaseCommand):
    help = (
        "Measure on a pool's device how many images of each workflow one call should draw, and store it. "
        "Stop the pool first: two processes on one device measure each other."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pool", help="a pool with a device, of this machine's pools file")
        parser.add_argument("--workflow", action="append", help="its key; repeat it for several; or all")
        parser.add_argument("--size", action="append", type=_size, help="WIDTHxHEIGHT; or the contract's own")
        parser.add_argument("--steps", action="append", type=int, help="or the contract's own")
        parser.add_argument(
            "--most", type=int, choices=range(1, POLICY.reserve + 1), default=8, help="images in one call"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        pool = _pool(options["pool"])
        workflows = calibration.candidates()
        keys = options["workflow"] or [workflow.key for workflow in workflows]
        if unknown := sorted(set(keys) - {workflow.key for workflow in workflows}):
            known = ", ".join(workflow.key for workflow in workflows) or "none"
            raise CommandError(
                f"{', '.join(unknown)} cannot be calibrated; of the published, these can: {known}."
            )
        device.bind(pool.device, pool.threads)
        generator = _generator(pool)
        for workflow in workflows:
            if workflow.key in keys:
                for size in options["size"] or [None]:
                    for steps in options["steps"] or [None]:
                        self._calibrate(pool, generator, workflow, size, steps, options["most"])

    def _calibrate(
        self,
        pool: Pool,
        generator: LocalSdxl,
        workflow: Any,
        size: tuple[int, int] | None,
        steps: int | None,
        most: int,
    ) -> None:
        try:
            shape = calibration.shape_of(workflow, size, steps)
            measured = calibration.rates(generator, shape.request, most)
        except (GpuError, InvalidInputs) as error:
            self.stderr.write(f"{workflow.key}: {error}")
            return
        if not measured:
            self.stderr.write(f"{workflow.key}: not even one image fits into the memory of {pool.device}.")
            return
        limit = calibration.store(pool.node, shape, measured)
        table = ", ".join(f"{images}: {rate:.3g}/s" for images, rate in measured.items())
        self.stdout.write(f"{workflow.key}: {shape}: {limit.images} in one call ({table})")


def _pool(name: str | None) -> Pool:
    try:
        pools = [pool for pool in load_pools(settings.POOLS_FILE) if pool.device not in ("none", "network")]
    except PoolsFileError as error:
        raise CommandError(str(error)) from error
    found = [pool for pool in pools if name in (None, pool.name)]
    if len(found) != 1:
        known = ", ".join(pool.name for pool in pools) or "none"
        raise CommandError(f"Name one pool with a device by --pool; there are: {known}.")
    return found[0]


def _generator(pool: Pool) -> LocalSdxl:
    budget = int(pool.memory_gib * 2**30) if pool.memory_gib is not None else None
    generator = LocalSdxl(LocalSdxlConfig(device=pool.device, budget_bytes=budget))
    try:
        generator.start()
    except GpuError as error:
        raise CommandError(str(error)) from error
    return generator


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 1024x1024")
    return int(width), int(height)
