"""How the studio looks and weighs: for every eye, on every screen, in light and dark."""

import pytest
from selenium.webdriver.common.by import By

from .axe import grave_findings
from .studio_page import StudioPage

PHONE = 375
MAX_BYTES, MAX_REQUESTS = 250_000, 60  # of a first visit, uncompressed, pictures of the gallery apart
INTERACTIVE_MS = 5000  # generous: a busy machine, a cold browser

LOADED = """
const [page] = performance.getEntriesByType("navigation");
const parts = performance.getEntriesByType("resource").filter((part) => !part.name.includes("/v1/files/"));
return {
    requests: parts.length + 1,
    bytes: parts.reduce((sum, part) => sum + part.transferSize, page.transferSize),
    interactive: performance.getEntriesByName("studio-interactive")[0].startTime,
};
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1400, PHONE], ids=["desktop", "phone"])
def test_no_page_has_a_grave_fault_for_those_who_cannot_see_well(
    stack, browser, people, keep, emulate, dark, width
):
    name = f"{'dark' if dark else 'light'}-{'phone' if width == PHONE else 'desktop'}"
    emulate(dark, width, 812 if width == PHONE else 900)
    page = StudioPage(browser, stack.url)

    # The door, also after a wrong password
    browser.get(f"{stack.url}/studio/")
    assert grave_findings(browser) == []
    browser.find_element(By.NAME, "username").send_keys(name)  # nobody: a person is locked out after a few
    browser.find_element(By.NAME, "password").send_keys("wrong")
    browser.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    assert grave_findings(browser) == []
    keep(f"studio-door-{name}")

    # Every kind of control, an option that is closed, an error on a field
    page.sign_in("ada", people["ada"], "?family=portrait")
    page.option("input_model", "realism").click()
    page.wait(lambda: page.option("aspect_ratio", "16:9").get_attribute("aria-disabled") == "true")
    assert grave_findings(browser) == []
    keep(f"studio-controls-{name}")
    page.option("aspect_ratio", "16:9").click()
    page.advanced(width=100)
    page.wait(lambda: page.error("width"))
    assert grave_findings(browser) == []
    assert_no_sideways_scroll(browser)
    keep(f"studio-error-{name}")

    # A place for a picture, a finished picture, and its large view
    page.family("Remix")
    page.opened()
    assert grave_findings(browser) == []
    page.family("Shapes")
    page.opened()
    prediction = page.drawn("a red star on a white background", num_inference_steps=4)
    keep(f"studio-finished-{name}")
    page.open(prediction)
    page.wait(lambda: page.all("dialog .primary:not([aria-disabled])"))
    page.wait(lambda: page.all("dialog .provenance"))
    page.one("dialog .provenance summary").click()
    assert grave_findings(browser) == []
    assert_no_sideways_scroll(browser)
    keep(f"studio-large-{name}")


def test_everything_is_reached_on_a_phone(stack, browser, people, emulate):
    emulate(width=PHONE, height=812)
    page = StudioPage(browser, stack.url).sign_in("ada", people["ada"])
    for family in ("Shapes", "Trace", "Remix", "Portrait", "Postcard"):
        page.family(family)
        page.opened()
        page.advanced()
        assert_no_sideways_scroll(browser)
        bar = page.one(".generate").rect
        assert bar["x"] >= 0 and bar["x"] + bar["width"] <= PHONE


def test_a_first_visit_is_light_and_soon_usable(studio):
    studio.browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    studio.browser.refresh()
    studio.opened()
    loaded = studio.browser.execute_script(LOADED)
    print(f"first visit: {loaded}")
    assert loaded["bytes"] < MAX_BYTES
    assert loaded["requests"] < MAX_REQUESTS
    assert loaded["interactive"] < INTERACTIVE_MS

    studio.browser.refresh()
    studio.opened()
    again = studio.browser.execute_script(LOADED)
    print(f"second visit: {again}")
    assert again["bytes"] < loaded["bytes"] / 3


def assert_no_sideways_scroll(browser) -> None:
    wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"the page is {wide} px wider than the window"
