"""A real server that receives webhooks and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from tests.stack import waited


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.content)

    def verified(self, secret: str) -> dict[str, Any]:
        """The document. Raises: standardwebhooks.WebhookVerificationError."""
        return Webhook(secret).verify(self.content, self.headers)


@dataclass
class Receiver:
    """Answers in turn what `answers` says (a status, or `(status, headers, body)`), then 204 for ever.

    A status of 0 hangs until the receiver is closed.
    """

    answers: list = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    address: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return self.address + "/hook"

    def events(self) -> list[str]:
        return [each.document["type"] for each in self.received]

    def wait_for(self, event: str, seconds: float = 60) -> Received:
        return waited(
            lambda: next((each for each in self.received if each.document["type"] == event), None), seconds
        )


@contextmanager
def receiving(address: str = "127.0.0.1", port: int = 0) -> Iterator[Receiver]:
    """A receiver on loopback, for as long as the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = receiver.answers.pop(0) if receiver.answers else 204
            receiver.received.append(Received(self.path, headers, content))
            status, more, body = answer if isinstance(answer, tuple) else (answer, {}, b"")
            if not status:
                receiver.closing.wait(30)
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((address, port), Handler) as server:
        server.daemon_threads = True
        receiver.address = f"http://{address}:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield receiver
        finally:
            receiver.closing.set()
            server.shutdown()
