import pytest
import torch

from workers import generators, identity
from workers.generators.local_sdxl import LocalSdxl, LocalSdxlConfig


@pytest.fixture(autouse=True)
def _empty_redis(redis_server):
    """Events and messages of one test are not another's."""


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    # Two OpenMP threads on busy cores are several times slower than one.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def _pocket_generator():
    """Loaded once for all tests of processors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "DRAWS", True)
        generator = LocalSdxl(LocalSdxlConfig(device="cpu"))
        generator.start()
    yield generator
    generator.stop()


@pytest.fixture
def pocket(_pocket_generator, monkeypatch):
    """This process draws with the pocket models."""
    monkeypatch.setitem(generators._started, "local_sdxl", _pocket_generator)
