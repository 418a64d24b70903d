"""Fixtures that every room's tests share."""

import pytest
from django.conf import settings

from strategies.events import connection
from strategies.queue_view import forget_views
from tests.factories import make_owner, make_workflow
from tests.stack import ROOT, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """One whole Atelier for every acceptance and browser test."""
    home, pools = tmp_path_factory.mktemp("stack"), (ROOT / "pools.toml").read_text()
    settings = {
        "ATELIER_LEASE_SECONDS": "6",
        "ATELIER_REAPER_SECONDS": "1",
        "ATELIER_ALLOW_PRIVATE_WEBHOOK_URLS": "1",
        "ATELIER_WEBHOOK_RETRY_SECONDS": "1,1,1",
    }
    with running_stack(home, pools, **settings) as running:
        running.manage("seed_catalogue", "--benchmarks")
        yield running


@pytest.fixture(autouse=True)
def _storage_of_its_own(tmp_path, settings):
    """Pictures a test stores go with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def _queues_seen_anew():
    """What a queue looked like in one test is not what the next one sees."""
    forget_views()


@pytest.fixture
def redis_server():
    """The real Redis, empty."""
    client = connection()
    client.flushdb()
    yield client
    client.flushdb()


@pytest.fixture
def broker_queue(redis_server):
    """The length of a Celery queue in the real broker."""
    assert settings.BROKER_URL == settings.REDIS_URL
    return redis_server.llen


@pytest.fixture
def owner(db):
    return make_owner()


@pytest.fixture
def workflow(db):
    """A published workflow on the mock generator."""
    return make_workflow()
