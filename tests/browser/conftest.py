import base64
import shutil
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from .admin import admin, page  # noqa: F401 - fixtures
from .looks import faults  # noqa: F401 - a fixture
from .studio import emulate, people, studio  # noqa: F401 - fixtures

ARTEFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--window-size=1400,900",
)  # fmt: skip


@pytest.fixture
def browser(tmp_path):
    """A real, headless Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("Chromium and its driver are not installed (apt-get install chromium chromium-driver)")
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    chrome = Chrome(options=options, service=Service(driver))
    yield chrome
    chrome.quit()


@pytest.fixture
def keep(browser, request):
    """`keep("name")` saves a screenshot among the test's artefacts."""

    def kept(name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        browser.save_screenshot(str(ARTEFACTS / f"{name}.png"))

    return kept


@pytest.fixture
def password(stack) -> str:
    """The administrator's, for the admin and for Flower."""
    return (stack.home / "admin-password").read_text().strip()


@pytest.fixture
def basic_auth(browser):
    """Send basic authentication with every request, as a browser does after its dialogue."""

    def send(user: str, password: str) -> None:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        browser.execute_cdp_cmd("Network.enable", {})
        header = {"headers": {"Authorization": f"Basic {token}"}}
        browser.execute_cdp_cmd("Network.setExtraHTTPHeaders", header)

    return send
