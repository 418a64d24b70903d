"""Server programs that come inside Python packages."""

import importlib.util
from pathlib import Path

from api.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]  # the checkout: where `python -m api.stack…` works


def program(package: str, *parts: str) -> Path:
    """The path of a program inside an installed package, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"The package {package} is not installed: run `make install`.")
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)
