"""A server that speaks OpenAI's chat completions, and says what a test tells it to."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    path: str
    key: str
    body: dict[str, Any]


class ChatServer:
    """On a free port of this machine, for the duration of a `with` block."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._status, self._answer = 200, {}
        self._release, self._hang = threading.Event(), 0.0
        self._trickle = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "ChatServer":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()

    def says(self, content: str) -> None:
        self._completion({"role": "assistant", "content": content, "refusal": None})

    def declines(self, refusal: str) -> None:
        self._completion({"role": "assistant", "content": None, "refusal": refusal})

    def fails(self, status: int, message: str = "no") -> None:
        self._status, self._answer = status, {"error": {"message": message, "type": "error"}}

    def hangs(self, seconds: float) -> None:
        self._hang = seconds

    def release(self) -> None:
        """Let whoever hangs have an answer."""
        self._release.set()

    def trickles(self, seconds: float) -> None:
        """Answer with a byte now and then for so long, before anything else."""
        self._trickle = int(seconds / 0.05)

    def _completion(self, message: dict[str, Any]) -> None:
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        self._status, self._answer = 200, {"object": "chat.completion", "choices": [choice]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                chat.asked.append(Asked(self.path, self.headers.get("Authorization", ""), body))
                chat._release.wait(chat._hang)
                answer = json.dumps(chat._answer).encode()
                self.send_response(chat._status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer) + chat._trickle))
                self.end_headers()
                try:
                    for _ in range(chat._trickle):
                        self.wfile.write(b" ")
                        chat._release.wait(0.05)
                    self.wfile.write(answer)
                except OSError:
                    """Nobody listens any more."""

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler
