"""Sending webhook messages: many at a time, each within its time, to public addresses only, no redirects."""

import asyncio
import ssl
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial

import httpx
import structlog
from django.conf import settings
from django.db import connections

from strategies.dispatch import wake_deliverers
from strategies.errors import SecretUnreadable
from strategies.models import WebhookDelivery
from strategies.webhooks import deliveries, messages
from strategies.webhooks.addresses import PrivateAddress, public_address
from strategies.webhooks.deliveries import Answer
from strategies.webhooks.secrets import own_secret

from .patience import patiently

log = structlog.get_logger(__name__)
BATCH = 64  # messages on their way at once
LOOK_SECONDS = 0.25  # how often more are looked for while these are slow
RUN_SECONDS = 20.0  # after which the next one looks for more
LEASE_MARGIN = 45.0  # for looking up names, and for a database that restarts
KEPT_BYTES = 1000  # of an answer
BODY_SECONDS = 1.0  # for these; what counts is the status

_turn = threading.Lock()  # of the one thread of this process that looks for messages
_called = threading.Event()  # since it last looked
_names = ThreadPoolExecutor(BATCH, "names")  # a look-up cannot be stopped: slow ones hold up nothing here


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery ready to be sent."""

    delivery: WebhookDelivery
    url: str
    headers: dict[str, str]
    content: bytes


def deliver() -> int:
    """Send what is due until nothing is, or for a while. Returns how many were tried.

    One caller at a time, who has many messages on their way: whoever calls while servers hang returns at
    once, and what they called for is sent by the one whose turn it is.
    """
    _called.set()
    tried = 0
    while _called.is_set() and _turn.acquire(blocking=False):
        _called.clear()
        tried += asyncio.run(_deliver(time.monotonic() + RUN_SECONDS))
    return tried


async def _deliver(end: float) -> int:
    """Keep up to a batch of messages on their way, then give up the turn and see the last ones through."""
    tried, under_way = 0, {}
    with ExitStack() as turn:
        turn.callback(_turn.release)
        async with _client() as client:
            while time.monotonic() < end:
                for message in await asyncio.to_thread(_claimed, list(under_way.values())):
                    under_way[asyncio.create_task(_send(client, message))] = message.delivery.owner_id
                    tried += 1
                if not under_way:
                    return tried
                done, _ = await asyncio.wait(
                    under_way, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    del under_way[task]
                    task.result()
            turn.close()
            await asyncio.to_thread(wake_deliverers)
            await asyncio.gather(*under_way)
    return tried


def _claimed(owners: list[int]) -> list[Message]:
    """More messages to send, beside those that are on their way for these owners."""
    lease = settings.WEBHOOK_TIMEOUT_SECONDS + LEASE_MARGIN
    busy = [owner for owner, count in Counter(owners).items() if count >= deliveries.EACH_OWNER]
    room = BATCH - len(owners)
    try:
        claim = partial(deliveries.claim_due, limit=room, lease_seconds=lease, busy=busy)
        return list(_signed(patiently(claim) if room else []))
    finally:
        connections.close_all()  # this thread's


def _signed(claimed: Iterable[WebhookDelivery]) -> Iterator[Message]:
    """Those that can be signed; for another, that was the attempt."""
    for delivery in claimed:
        try:
            yield _prepared(delivery)
        except SecretUnreadable:
            log.error("webhook_unsigned", delivery=str(delivery.id))
            answer = Answer(delivery.url, error="Not sent: its secret cannot be read any more; rotate it.")
            patiently(partial(deliveries.settle, delivery, answer))


def _prepared(delivery: WebhookDelivery) -> Message:
    signer = delivery.endpoint or own_secret(delivery.owner)
    content = messages.body(delivery)
    headers = messages.signed_headers(str(delivery.id), content, signer.signing_secrets())
    return Message(delivery, delivery.url, headers, content)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=_tls(),
        trust_env=False,  # a proxy would resolve the name again, behind our back
        follow_redirects=False,
        timeout=None,  # the whole attempt has one
        limits=httpx.Limits(max_keepalive_connections=0),  # names that share an address share nothing else
        headers={"User-Agent": "Atelier", "Accept-Encoding": "identity"},
    )


async def _send(client: httpx.AsyncClient, message: Message) -> None:
    """One attempt and its record, as soon as there is one."""
    answer = await _attempt(client, message)
    await asyncio.to_thread(_record, message.delivery, answer)


def _record(delivery: WebhookDelivery, answer: Answer) -> None:
    try:
        patiently(partial(deliveries.settle, delivery, answer))
    except Exception:  # the lease ends, and the message is sent again
        log.exception("webhook_unrecorded", delivery=str(delivery.id))
    finally:
        connections.close_all()  # this thread's


async def _attempt(client: httpx.AsyncClient, message: Message) -> Answer:
    failed = partial(Answer, message.url)
    seconds = settings.WEBHOOK_TIMEOUT_SECONDS
    try:
        async with asyncio.timeout(seconds), _posted(client, message) as response:
            return Answer(
                message.url, response.status_code, await _beginning(response), _complaint(response),
                _retry_after(response),
            )  # fmt: skip
    except TimeoutError:
        return failed(error=f"No answer within {seconds:g} seconds.")
    except PrivateAddress:
        return failed(error="The host name leads to a private address.")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return failed(error=f"Not reached: {type(error).__name__}: {error}"[:300])
    except Exception as error:
        log.exception("webhook_crashed", delivery=str(message.delivery.id))
        return failed(error=f"An error in Atelier itself: {type(error).__name__}.")


@asynccontextmanager
async def _posted(client: httpx.AsyncClient, message: Message) -> AsyncIterator[httpx.Response]:
    """The answer to the message; the name is resolved once, and the address that was checked is called."""
    url = httpx.URL(message.url)
    address = await asyncio.get_running_loop().run_in_executor(_names, public_address, url)
    headers = {**message.headers, "Content-Type": "application/json", "Host": url.netloc.decode()}
    async with client.stream(
        "POST", url.copy_with(host=address), content=message.content, headers=headers,
        extensions={"sni_hostname": url.raw_host.decode()},
    ) as response:  # fmt: skip
        yield response


async def _beginning(response: httpx.Response) -> str:
    """What comes first of the answer and soon."""
    kept = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in response.aiter_raw():
                kept += part
                if len(kept) >= KEPT_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    return kept[:KEPT_BYTES].decode(errors="replace").replace("\x00", "�")


def _complaint(response: httpx.Response) -> str:
    """What is wrong with an answer; nothing with a 2xx."""
    if response.is_success:
        return ""
    rest = "; redirects are not followed" if response.is_redirect else ""
    return f"It answered {response.status_code} {response.reason_phrase}".strip()[:200] + f"{rest}."


def _retry_after(response: httpx.Response) -> float:
    """Seconds the answer asks us to wait; 0 when it says nothing that can be understood."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said[:9])
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


@cache
def _tls() -> ssl.SSLContext:
    """The authorities we trust (`SSL_CERT_FILE` names others); reading them takes a while."""
    return httpx.create_ssl_context()
