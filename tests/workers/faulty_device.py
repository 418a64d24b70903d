"""A device of the tests' own that costs nothing to take, and fails as a GPU does."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings

from gpu.errors import DeviceFault, translated


class FaultyDevice(AppConfig):
    name = "tests.workers.faulty_device"

    def ready(self) -> None:
        import_module("workers.generators").GENERATORS["local_sdxl"] = _generator


def _generator():
    mock = import_module("workers.generators.mock")

    class Faulty(mock.Mock):
        def start(self) -> None:
            if settings.FAULT.exists():
                raise DeviceFault("The device has fallen off the bus.")

        def warm_up(self, sources) -> None:
            """Nothing to load."""

        def generate(self, request, on_step, should_cancel):
            if settings.FAULT.exists():
                raise translated(RuntimeError("CUDA error: an illegal memory access was encountered"))
            return super().generate(request, on_step, should_cancel)

        def health(self) -> dict:
            return {**super().health(), "memory": {"budget_bytes": 2**30}}

    return Faulty(mock.MockConfig())
