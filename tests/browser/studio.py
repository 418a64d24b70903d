"""Fixtures of the studio's tests."""

from collections.abc import Iterator

import pytest

from .studio_page import StudioPage

PASSWORDS = {"ada": "counting-on-it-1843", "grace": "nanoseconds-of-wire"}


@pytest.fixture(scope="session")
def people(stack):
    """Two accounts, and families that have what the demo catalogue lacks."""
    arguments = ", ".join(f"{name}={password!r}" for name, password in PASSWORDS.items())
    stack.manage(
        "shell", "-c", f"from tests.browser.studio_families import *; seed(); seed_people({arguments})"
    )
    return PASSWORDS


@pytest.fixture
def studio(stack, browser, people) -> Iterator[StudioPage]:
    """The page, signed in as an ordinary person; no script of it may stumble."""
    yield StudioPage(browser, stack.url).sign_in("ada", people["ada"])
    messages = [entry["message"] for entry in browser.get_log("browser")]
    assert [message for message in messages if "Uncaught" in message or "TypeError" in message] == []


@pytest.fixture
def emulate(browser):
    """`emulate(dark=True, width=375)`: another theme, another size."""

    def emulated(dark: bool = False, width: int = 1400, height: int = 900) -> None:
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    return emulated
