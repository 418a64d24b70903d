"""A thousand clients that wait cost one process next to nothing."""

import asyncio
import resource
import time
from urllib.parse import urlsplit

import psutil
import pytest
from django.db import connection

from api.idle import in_database
from strategies.events import connection as redis_connection

from .work import finish

STREAMS = 1000
SPARE_FILES = 200


@pytest.fixture
def streams() -> int:
    """As many as this process may open, a thousand at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(STREAMS, hard - SPARE_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def opened(url: str, key: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream whose first event has arrived."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    request = f"GET {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n"
    writer.write(request.encode())
    head = await asyncio.wait_for(reader.readuntil(b"event: status"), 60)
    assert b"200 OK" in head
    return reader, writer


def database_connections() -> int:
    """Of other processes than this one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


@pytest.mark.slow
async def test_a_thousand_idle_streams_block_nobody_and_all_hear_the_end(web, account, ask, streams, capsys):
    generation = await asyncio.to_thread(
        lambda: web.post("/v1/generations", json=ask, headers=account.headers).json()
    )
    url, process = generation["urls"]["events"], psutil.Process(web.process.pid)
    before = process.memory_info().rss
    # Given a thousand clients that follow a generation
    waiting = []
    for _ in range(0, streams, 50):
        waiting += await asyncio.gather(*(opened(url, account.key) for _ in range(50)))
    # When ordinary requests come in
    latencies = []
    for _ in range(20):
        start = time.perf_counter()
        answer = await asyncio.to_thread(web.get, "/v1/generations", headers=account.headers)
        latencies.append(time.perf_counter() - start)
        assert answer.status_code == 200
    # Then they are answered, and the streams hold neither threads nor database connections
    rss, threads = process.memory_info().rss, process.num_threads()
    connections = await in_database(database_connections)
    clients = len(redis_connection().client_list())
    with capsys.disabled():
        print(
            f"\n{len(waiting)} idle streams: {rss / 2**20:.0f} MiB (before {before / 2**20:.0f}), "
            f"{threads} threads, {connections} database and {clients} Redis connections, "
            f"median request {sorted(latencies)[10] * 1000:.0f} ms"
        )
    assert max(latencies) < 2 and threads < 60 and connections < 25 and clients < 40
    # And everyone hears the end
    await in_database(finish)
    ends = await asyncio.gather(*(asyncio.wait_for(reader.read(), 60) for reader, _ in waiting))
    assert all(b"event: completed" in end for end in ends)
    for _, writer in waiting:
        writer.close()
