import pytest


@pytest.fixture(autouse=True)
def _empty_redis(redis_server):
    """Events and messages of one test are not another's."""
