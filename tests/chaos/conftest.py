import pytest

from tests.stack import RunningStack, running_stack

POOLS = """
[[pool]]
name = "one"
device = "none"
queues = ["generation"]

[[pool]]
name = "two"
device = "none"
queues = ["generation"]

[[pool]]
name = "small"
device = "cpu"
memory_gib = 0.01
threads = 1
queues = ["editing"]

[[pool]]
name = "housekeeping"
device = "none"
queues = [
    "detail_enhancer", "refine", "video", "background_fix", "face_fix", "evaluation", "training",
    "image_adjust", "prompt", "evaluation.remote", "prompt.remote", "webhooks", "maintenance",
]
"""
LEASE_SECONDS = 4


@pytest.fixture(scope="package")
def several_pools(tmp_path_factory):
    """Two pools that take a second for a picture, one with next to no memory, one for everything else."""
    home = tmp_path_factory.mktemp("chaos")
    settings = {
        "ATELIER_MOCK": '{"step_seconds": 0.05}',
        "ATELIER_LEASE_SECONDS": str(LEASE_SECONDS),
        "ATELIER_REAPER_SECONDS": "1",
        "ATELIER_REPUBLISH_SECONDS": "5",
    }
    with running_stack(home, POOLS, **settings) as running:
        running.manage("seed_catalogue", "--benchmarks")
        yield running


@pytest.fixture
def client(several_pools: RunningStack):
    with several_pools.client() as client:
        yield client
