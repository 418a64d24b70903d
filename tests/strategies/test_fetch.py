import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from strategies import fetch
from strategies.errors import InvalidImage
from strategies.fetch import fetch_image, fetched_together

LOC = ("inputs", "image")


@pytest.fixture
def server():
    """A web server on loopback: `/image` answers, `/moved` redirects, `/huge` never ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "/image")
                self.end_headers()
                return
            self.send_response(200 if self.path in ("/image", "/huge") else 404)
            self.end_headers()
            try:
                for _ in range(1 if self.path == "/image" else 10_000):
                    self.wfile.write(b"i" * 1000)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://example.com/a.png", "url_scheme"),
        ("ftp://example.com/a.png", "url_scheme"),
        ("https://127.0.0.1/a.png", "private_address"),
        ("https://localhost/a.png", "private_address"),
        ("https://169.254.169.254/latest/meta-data", "private_address"),
        ("https://10.0.0.1/a.png", "private_address"),
        ("https://[::1]/a.png", "private_address"),
        ("https://[::ffff:127.0.0.1]/a.png", "private_address"),
        ("https://2130706433/a.png", "private_address"),
    ],
)
def test_our_own_network_cannot_be_reached(url, kind):
    with pytest.raises(InvalidImage) as caught:
        fetch_image(url, loc=LOC)
    assert caught.value.errors[0]["type"] == kind


def test_an_image_is_fetched_where_private_addresses_are_allowed(server, settings):
    settings.ALLOW_PRIVATE_IMAGE_URLS = True
    assert fetch_image(f"{server}/image", loc=LOC) == b"i" * 1000


@pytest.mark.parametrize(("path", "kind"), [("/moved", "redirects"), ("/missing", "unreachable")])
def test_redirects_and_errors_are_refused(server, settings, path, kind):
    settings.ALLOW_PRIVATE_IMAGE_URLS = True
    with pytest.raises(InvalidImage) as caught:
        fetch_image(server + path, loc=LOC)
    assert (caught.value.errors[0]["loc"], caught.value.errors[0]["type"]) == (list(LOC), kind)


def test_a_body_without_end_is_cut_off(server, settings):
    settings.ALLOW_PRIVATE_IMAGE_URLS = True
    settings.ASSET_MAX_BYTES = 50_000
    with pytest.raises(InvalidImage, match="too large"):
        fetch_image(f"{server}/huge", loc=LOC)


def test_the_pictures_of_a_request_share_their_time(server, settings, monkeypatch):
    settings.ALLOW_PRIVATE_IMAGE_URLS = True
    now = fetch.time.monotonic()
    monkeypatch.setattr(fetch.time, "monotonic", lambda: now)
    with fetched_together():
        for _ in range(2):
            assert fetch_image(f"{server}/image", loc=LOC)
            now += fetch.TOGETHER_SECONDS / 2
        now += 1
        with pytest.raises(InvalidImage) as caught:
            fetch_image(f"{server}/image", loc=("images", 2))
    assert caught.value.errors == [{"loc": ["images", 2], "msg": "too slow", "type": "too_slow"}]
    assert fetch_image(f"{server}/image", loc=LOC)
