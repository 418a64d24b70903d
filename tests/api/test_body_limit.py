import json

import pytest

from api.body_limit import limited

LIMIT = 100


async def ask(
    chunks: list[bytes], path: str = "/v1/generations", announced: int | None = None, key: bytes = b""
):
    """What a request with these chunks is answered, by an application that reads all of it."""
    sent, left = [], list(chunks)

    async def application(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200})

    async def receive():
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        sent.append(message)

    headers = [] if announced is None else [(b"content-length", str(announced).encode())]
    headers += [(b"authorization", key)] if key else []
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
    await limited(application)(scope, receive, send)
    return sent


@pytest.fixture(autouse=True)
def _small_limits(settings, monkeypatch):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE, settings.LORA_MAX_BYTES = LIMIT, 10 * LIMIT
    monkeypatch.setattr("api.body_limit.ENVELOPE", 0)


async def test_a_body_within_the_limit_passes():
    assert (await ask([b"x" * 50, b"x" * 50]))[0]["status"] == 200


@pytest.mark.parametrize("announced", [None, 101, 10**12])
async def test_a_larger_body_is_refused_whether_announced_or_not(announced):
    start, body = await ask([b"x" * 50, b"x" * 51], announced=announced)
    assert start["status"] == 413 and (b"content-type", b"application/problem+json") in start["headers"]
    assert json.loads(body["body"])["code"] == "body_too_large"


async def test_lora_uploads_may_be_larger():
    assert (await ask([b"x" * 1000], path="/v1/loras", key=b"Bearer k"))[0]["status"] == 200
    assert (await ask([b"x" * 1001], path="/v1/loras", key=b"Bearer k"))[0]["status"] == 413


async def test_a_large_body_from_nobody_is_refused():
    assert (await ask([b"x" * 1000], path="/v1/loras"))[0]["status"] == 413
