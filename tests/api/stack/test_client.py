import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from api.stack.client import Client, Picture, events
from api.stack.demo import save
from api.stack.errors import StackError

GENERATION = {
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "status": "succeeded",
    "urls": {"get": "/v1/generations/1", "events": "/v1/generations/1/events"},
    "predictions": [{"output": [{"url": "/files/1.png?signature=s", "content_type": "image/png"}]}],
}
STREAM = """\
: hello

event: status
data: {"status": "processing"}

id: 2
event: progress
data: {"prediction": "p", "step": 2, "steps": 4, "fraction": 0.5}

event: completed
data: {"status": "succeeded"}

"""


@pytest.fixture
def server():
    """A stand-in for the API: answers by path → (status, body), and keeps what was posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = self.server.answers[self.path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def do_POST(self):
            self.server.posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.key = self.headers["Authorization"]
            self.do_GET()

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answers = {
            "/v1/catalog": (
                200,
                {"results": [{"key": "off", "available": False}, {"key": "shapes", "available": True}]},
            ),
            "/v1/generations": (202, {**GENERATION, "status": "starting"}),
            "/v1/generations/1": (200, GENERATION),
            "/v1/generations/1/events": (200, STREAM.encode()),
            "/files/1.png?signature=s": (200, b"the picture"),
        }
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def client(server):
    return Client(f"http://127.0.0.1:{server.server_port}", "k.e.y")


def test_it_asks_the_first_available_family_and_follows_until_the_picture_is_there(server, client):
    seen = []

    picture = client.draw("a red circle", None, lambda state, done: seen.append((state, done)))

    assert picture == Picture(GENERATION["id"], b"the picture", ".png")
    assert server.posted == {"family": "shapes", "selection": {}, "inputs": {"prompt": "a red circle"}}
    assert server.key == "Bearer k.e.y"
    assert seen == [("processing", 0.0), ("processing", 0.5)]


def test_a_refusal_is_told_in_the_words_of_the_problem(server, client):
    server.answers["/v1/generations"] = (
        409,
        {"title": "No member", "detail": "No workflow has this selection."},
    )

    with pytest.raises(StackError, match=r"/v1/generations answered 409: No workflow has this selection\."):
        client.draw("a red circle", "shapes", lambda state, done: None)


def test_a_failed_generation_is_told_with_its_reason(server, client):
    failed = {
        **GENERATION,
        "status": "failed",
        "error": {"code": "worker_lost", "detail": "The worker died."},
    }
    server.answers["/v1/generations/1"] = (200, failed)

    with pytest.raises(StackError, match=r"^The generation ended as failed: The worker died\.$"):
        client.draw("a red circle", "shapes", lambda state, done: None)


def test_a_stream_that_breaks_off_is_a_failure(server, client):
    server.answers["/v1/generations/1/events"] = (200, b": hello\n\n")

    with pytest.raises(StackError, match="ended before it was complete"):
        client.draw("a red circle", "shapes", lambda state, done: None)


def test_a_server_that_is_not_there_is_a_sentence():
    with pytest.raises(StackError, match=r"^GET /v1/catalog failed: .*refused"):
        Client("http://127.0.0.1:1", "key").draw("a red circle", None, lambda state, done: None)


def test_data_of_several_lines_is_one_event():
    assert list(events(["event: status", 'data: {"status":', 'data: "starting"}', ""])) == [
        ("status", {"status": "starting"})
    ]


def test_a_picture_is_named_after_its_prompt_and_never_leaves_its_folder(tmp_path):
    picture = Picture(GENERATION["id"], b"the picture", ".png")

    assert (
        save(picture, "A red/circle on ../blue!", tmp_path / "new").name
        == "a-red-circle-on-blue-0f8fad5b.png"
    )
    assert save(picture, "赤い丸", tmp_path).name == "picture-0f8fad5b.png"
    assert (tmp_path / "picture-0f8fad5b.png").read_bytes() == b"the picture"


def test_a_picture_that_cannot_be_saved_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StackError, match="cannot be saved"):
        save(Picture("1", b"", ".png"), "a red circle", tmp_path / "file")
