"""How the studio looks and weighs: for every eye, on every screen, in light and dark."""

from PIL import Image
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from .looks import too_wide
from .studio_page import StudioPage

# As people write them when they are in earnest, with a word that nothing can break.
SENTENCE = "a large red circle on a blue background, seen from above in the light of an early morning; "
LONG = SENTENCE * 6 + "supercalifragilistic" * 6
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


def test_the_door_has_no_grave_fault(stack, browser, faults):
    browser.get(f"{stack.url}/studio/")
    assert faults("studio-door") == []
    browser.find_element(By.NAME, "username").send_keys("nobody")  # a person is locked out after a few
    browser.find_element(By.NAME, "password").send_keys("wrong")
    browser.find_element(By.CSS_SELECTOR, "[type=submit]").click()
    assert faults("studio-door-closed") == []


def test_the_form_has_no_grave_fault(studio, faults):
    """With every kind of control, an option that is closed and its way out, and an error on a field."""
    studio.family("Portrait")
    studio.opened()
    studio.prompt(LONG)
    studio.option("input_model", "realism").click()
    studio.wait(lambda: studio.option("aspect_ratio", "16:9").get_attribute("aria-disabled") == "true")
    studio.press(studio.option("aspect_ratio", "16:9"))
    studio.wait(lambda: studio.one(".ways"))
    studio.press(studio.wait(lambda: studio.field("subject").find_element(By.XPATH, ".//*[text()='Rover']")))
    assert faults("studio-form") == []
    studio.press(studio.control("subject", ".new-concept"))
    assert faults("studio-picker", at="[data-key=subject]") == []
    studio.advanced(width=100)
    studio.wait(lambda: studio.error("width"))
    assert faults("studio-error", at="[data-key=width]") == []


def test_a_picture_has_no_grave_fault_from_its_painting_to_its_large_view(studio, tmp_path, faults):
    Image.new("RGB", (160, 128), "teal").save(tmp_path / "mine.png")
    studio.family("Remix")
    studio.option("mode", "fill").click()
    studio.wait(lambda: "Give the picture first" in studio.field("mask").text)
    assert faults("studio-media") == []
    studio.one("[data-upload=image]").send_keys(str(tmp_path / "mine.png"))
    studio.press(studio.wait(lambda: studio.control("mask", ".paint-it")))
    canvas = studio.wait(lambda: studio.one(".painter canvas"))
    ActionChains(studio.browser).move_to_element(canvas).click().perform()
    assert faults("studio-painter") == []
    studio.browser.switch_to.active_element.send_keys(Keys.ESCAPE)

    studio.family("Shapes")
    studio.opened()
    studio.drawn("a red star on a white background", num_inference_steps=4)
    prediction = studio.drawn(LONG, num_inference_steps=4)
    assert faults("studio-gallery", at=".tile") == []
    studio.open(prediction)
    studio.wait(lambda: studio.all("dialog .primary:not([aria-disabled])"))
    studio.wait(lambda: studio.all("dialog .provenance"))
    assert faults("studio-viewer") == []
    title = studio.one("#viewer-title").text
    assert len(title) < len(LONG) and title.removesuffix("…") in LONG
    studio.one(".long-title button").click()
    studio.wait(lambda: studio.one("#viewer-title").text == LONG)
    studio.one("dialog .provenance summary").click()
    assert faults("studio-provenance", at=".provenance") == []


def test_everything_is_reached_on_a_phone(stack, browser, people, emulate):
    emulate(width=PHONE, height=812)
    page = StudioPage(browser, stack.url).sign_in("ada", people["ada"])
    for family in ("Shapes", "Trace", "Remix", "Portrait", "Postcard"):
        page.family(family)
        page.opened()
        page.advanced()
        assert too_wide(browser) == []
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
