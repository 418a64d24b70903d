"""Things that can make an image, by name: one interface, one configuration each, one line each here."""

from collections.abc import Callable

from .generator import ImageGenerator, UnknownGenerator
from .local_sdxl import LocalSdxl, LocalSdxlConfig
from .mock import Mock, MockConfig

GENERATORS: dict[str, Callable[[], ImageGenerator]] = {
    "local_sdxl": lambda: LocalSdxl(LocalSdxlConfig.from_environment()),
    "mock": lambda: Mock(MockConfig.from_environment()),
}
_started: dict[str, ImageGenerator] = {}


def get_generator(name: str) -> ImageGenerator:
    """This process's generator of that name, started on first use. Raises: UnknownGenerator."""
    if name not in GENERATORS:
        known = ", ".join(sorted(GENERATORS))
        raise UnknownGenerator(f"There is no generator {name!r}; the workflow must name one of: {known}.")
    if name not in _started:
        generator = GENERATORS[name]()
        generator.start()
        _started[name] = generator
    return _started[name]


def started_generators() -> list[ImageGenerator]:
    """The generators this process has started."""
    return list(_started.values())
