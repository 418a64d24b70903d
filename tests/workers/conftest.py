import pytest

from tests.factories import make_owner, make_workflow


@pytest.fixture
def owner(db):
    return make_owner()


@pytest.fixture
def workflow(db):
    return make_workflow()


@pytest.fixture(autouse=True)
def _empty_redis(redis_server):
    """Events and messages of one test are not another's."""
