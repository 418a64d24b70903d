"""Python's garbage collector, kept away from what stays for as long as the process does."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Collect nothing within the block, and never look at what it left behind.

    For imports and the first models: the half million objects of torch, diffusers and transformers would be
    gone through again and again as they are made, and later in the middle of a picture (0.3 s each time).
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
