"""The person's way through the studio, in a real browser, with pictures drawn by the pocket models."""

import httpx
from PIL import Image
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from .studio_page import SLOW, WATCHABLE, StudioPage

PROMPT = "a large red circle on a blue background"


def test_a_newcomer_signs_in_with_what_make_run_prints(stack, browser, keep):
    password = (stack.home / "demo-password").read_text().strip()
    assert f"{stack.url}/studio/" in stack.log() and password in stack.log()
    page = StudioPage(browser, stack.url)
    browser.get(f"{stack.url}/studio/?family=trace")
    keep("studio-sign-in")
    page.sign_in("demo", password, "?family=trace")
    assert page.one("form.panel").get_attribute("aria-label") == "Trace"


def test_picks_that_lead_nowhere_say_so_beside_generate_with_a_way_out(studio, emulate, keep):
    emulate(width=375, height=700)
    studio.browser.get(f"{studio.url}/studio/?family=poster")
    notice = studio.wait(lambda: studio.one(".ask .notice"))
    assert "No workflow of the family" in notice.text
    assert studio.one(".generate").get_attribute("aria-disabled") == "true"
    bottom = notice.rect["y"] + notice.rect["height"] - studio.browser.execute_script("return scrollY")
    assert 0 < bottom < 700
    keep("studio-starts-nowhere")
    notice.find_element(By.XPATH, ".//button[normalize-space()='Size: A3']").click()
    studio.wait(lambda: "Free" in studio.one("#quote").text)
    assert studio.picked("size") == "a3"
    assert not studio.all(".ask .notice")


def test_pictures_are_drawn_before_ones_eyes_and_stay_in_the_gallery(studio, keep):
    studio.one("[aria-label='One picture more']").click()
    studio.prompt(PROMPT)
    studio.advanced(**WATCHABLE)
    before = studio.ids()
    studio.generate()

    # While it is drawn: steps counted, a preview, the other one waiting in line
    studio.wait(lambda: len(studio.ids() - before) == 2)
    studio.wait(lambda: studio.one(".tile[data-status=processing] progress").get_attribute("value") > "0.0")
    studio.wait(lambda: studio.all(".tile[data-status=processing] img.preview"))
    assert "of 60" in studio.one(".tile[data-status=processing]").text
    assert any(word in studio.one(".tile[data-status=starting]").text for word in ("line", "ahead", "once"))
    assert studio.said() in ("Drawing has started", "2 pictures asked for")
    keep("studio-drawing")

    # When both are finished, then each is in the gallery with its seed
    new = studio.ids() - before
    for prediction in new:
        studio.wait(
            lambda prediction=prediction: studio.all(
                f'[data-prediction="{prediction}"][data-status=succeeded] img'
            ),
            120,
        )
    studio.wait(lambda: studio.said() == "Finished")
    seeds = sorted(int(studio.one(f'[data-prediction="{prediction}"] .seed').text) for prediction in new)
    assert seeds[1] == seeds[0] + 1
    keep("studio-gallery")


def test_a_picture_tells_how_it_was_made_and_can_be_kept(stack, studio, keep):
    prediction = studio.drawn("a green star on a white background", num_inference_steps=8)
    studio.open(prediction)
    seed = studio.one(f'[data-prediction="{prediction}"] .seed').get_attribute("textContent")
    assert {"Shapes · Solid · Fine", seed, "128 × 128"} <= {item.text for item in studio.all("dialog dd")}
    studio.wait(lambda: studio.all("dialog .provenance"))
    studio.one("dialog .provenance summary").click()
    assert "pocket-sdxl" in studio.one("dialog pre").text
    link = studio.one("dialog a[download]")
    assert link.get_attribute("download") == f"a-green-star-on-a-white-background-{seed}.png"
    picture = httpx.get(link.get_attribute("href"))
    assert picture.content.startswith(b"\x89PNG")
    keep("studio-picture")

    # Escape closes it, and the focus is where it was
    studio.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    studio.wait(lambda: not studio.all("dialog"))
    assert studio.browser.switch_to.active_element == studio.one(f'[data-prediction="{prediction}"] button')


def test_a_running_job_survives_a_reload_and_can_be_canceled(studio):
    studio.prompt(PROMPT)
    studio.advanced(**SLOW)
    before = studio.ids()
    studio.generate()
    (job,) = studio.wait(lambda: studio.ids() - before)
    studio.wait(lambda: studio.all(f'[data-prediction="{job}"][data-status=processing] progress[value]'))

    studio.browser.refresh()
    studio.opened()

    # The job is followed on, and nothing typed is lost
    studio.wait(lambda: "Step" in studio.one(f'[data-prediction="{job}"]').text)
    assert studio.control("prompt").get_attribute("value") == PROMPT
    studio.one(f'[data-prediction="{job}"] .running button').click()
    studio.wait(lambda: studio.one(f'[data-prediction="{job}"]').get_attribute("data-status") == "canceled")
    assert "Canceled" in studio.one(f'[data-prediction="{job}"]').text
    studio.advanced(num_inference_steps=8, width=128, height=128)


def test_an_option_that_leads_nowhere_says_why_and_offers_a_way(studio, keep):
    studio.family("Portrait")
    studio.option("input_model", "realism").click()
    wide = studio.wait(lambda: _closed(studio.option("aspect_ratio", "16:9")))

    # It can be reached, tells its reason to eye and ear, and is not picked
    reason = studio.one(f"#{wide.get_attribute('aria-describedby')}").get_attribute("textContent")
    assert wide.get_attribute("title") == reason and len(reason) > 10
    wide.click()
    ways = studio.wait(lambda: studio.one(".ways"))
    assert studio.picked("aspect_ratio") == "1:1"
    keep("studio-way-out")

    # The way offered changes the other pick, too
    ways.find_element(By.TAG_NAME, "button").click()
    studio.wait(lambda: studio.picked("aspect_ratio") == "16:9")
    assert studio.picked("input_model") == "likeness"


def test_a_format_picks_the_workflow_as_an_axis_and_a_value_as_an_input(studio):
    studio.family("Portrait")
    studio.advanced()
    assert studio.control("width").get_attribute("value") == "128"
    studio.option("aspect_ratio", "16:9").click()
    studio.wait(lambda: studio.control("width").get_attribute("value") == "192")
    studio.wait(lambda: "0.0125 credits" in studio.one("#quote").text)

    studio.one("[aria-label='One picture more']").click()
    studio.wait(lambda: "0.025 credits" in studio.one("#quote").text)
    studio.one("[aria-label='One picture fewer']").click()

    studio.family("Postcard")
    studio.option("aspect_ratio", "3:4").click()
    studio.wait(lambda: studio.picked("aspect_ratio") == "3:4")
    studio.wait(lambda: "Free" in studio.one("#quote").text)
    prediction = studio.drawn(PROMPT, num_inference_steps=4)
    studio.wait(lambda: studio.one(f'[data-prediction="{prediction}"] img').get_property("complete"))
    width, height = (
        int(studio.one(f'[data-prediction="{prediction}"] img').get_attribute(side))
        for side in ("naturalWidth", "naturalHeight")
    )
    assert width < height


def test_18_plus_is_locked_until_the_age_is_verified(stack, studio, browser, people, keep):
    studio.family("Portrait")
    lock = studio.control("is_nsfw", "[role=switch]")
    assert lock.get_attribute("aria-disabled") == "true" and "verified" in studio.field("is_nsfw").text
    lock.click()
    assert lock.get_attribute("aria-checked") == "false"

    browser.delete_all_cookies()
    grace = StudioPage(browser, stack.url).sign_in("grace", people["grace"], "?family=portrait")
    grace.control("is_nsfw", "[role=switch]").click()
    grace.wait(lambda: grace.all("#quote .badge"))
    keep("studio-adult")
    assert grace.drawn(PROMPT, num_inference_steps=4)


def test_errors_stand_on_their_fields_and_nothing_typed_is_lost(studio, keep):
    studio.prompt("x")
    studio.advanced(width=100, guidance_scale=99)

    # Bounds are told while one types
    studio.wait(lambda: studio.error("width") == "Width must be a multiple of 8.")
    studio.wait(lambda: "at most 15" in studio.error("guidance_scale"))
    keep("studio-errors")
    studio.generate()
    studio.wait(lambda: studio.browser.switch_to.active_element == studio.control("width"))
    assert studio.control("width").get_attribute("aria-invalid") == "true"
    assert studio.control("prompt").get_attribute("value") == "x"

    # What is required is told when one asks
    studio.advanced(width=128, guidance_scale=3)
    studio.prompt("")
    studio.wait(lambda: not studio.error("width"))
    studio.generate()
    studio.wait(lambda: studio.error("prompt") == "Prompt is required.")
    assert studio.browser.switch_to.active_element == studio.control("prompt")
    studio.prompt("y")
    studio.wait(lambda: not studio.error("prompt"))


def test_a_picture_is_brought_by_file_by_paste_and_by_drag_and_taken_away(studio, tmp_path, keep):
    file = _picture(tmp_path / "mine.png")
    studio.family("Remix")
    studio.generate()
    studio.wait(lambda: studio.error("image") == "Picture is required.")

    studio.one("[data-upload=image]").send_keys(str(file))
    studio.wait(lambda: studio.control("image", ".thumb img").get_attribute("naturalWidth") == "128")
    keep("studio-remix")
    drawn = studio.drawn("a yellow square on a black background", num_inference_steps=8)
    assert drawn

    studio.control("image", ".thumb button").click()
    studio.wait(lambda: not studio.field("image").find_elements(By.CSS_SELECTOR, ".thumb"))
    _bring(studio.browser, "paste", "body")
    studio.wait(lambda: studio.control("image", ".thumb img"))
    studio.control("image", ".thumb button").click()
    studio.wait(lambda: not studio.field("image").find_elements(By.CSS_SELECTOR, ".thumb"))
    _bring(studio.browser, "drop", "[data-key=image] .media")
    studio.wait(lambda: studio.control("image", ".thumb img"))

    # A file that is no picture is refused on the spot
    studio.control("image", ".thumb button").click()
    (tmp_path / "no.png").write_bytes(b"no picture")
    studio.one("[data-upload=image]").send_keys(str(tmp_path / "no.png"))
    studio.wait(lambda: len(studio.error("image")) > 10)


def test_a_subject_is_made_where_it_is_picked(studio, tmp_path, keep):
    studio.family("Cast")
    studio.press(studio.wait(lambda: studio.control("subject", ".new-concept")))
    name = studio.wait(lambda: studio.control("subject", "[name=concept-name]"))
    name.send_keys(Keys.ENTER)
    studio.wait(lambda: "Give the subject a name" in studio.field("subject").text)
    name.send_keys("Zorp")
    studio.control("subject", "[name=concept-word]").send_keys("red")
    studio.control("subject", "[name=concept-picture]").send_keys(str(_picture(tmp_path / "zorp.png")))
    keep("studio-subject")
    name.send_keys(Keys.ENTER)

    # It is picked at once, known by its picture, and drawn
    picked = studio.wait(lambda: studio.control("subject", "[aria-checked=true]"))
    assert picked.text == "Zorp" and picked.find_element(By.CSS_SELECTOR, "img.avatar")
    assert studio.drawn("circle on a blue background", num_inference_steps=8)


def test_settings_are_used_again_and_a_picture_is_refined(studio):
    prediction = studio.drawn("a blue triangle on a yellow background", num_inference_steps=9)
    studio.option("input_model", "outlined").click()
    studio.prompt("something else")
    studio.advanced(num_inference_steps=12)

    # Use these settings: prompt, picks, inputs and seed are those of the picture
    studio.open(prediction)
    studio.act("Use these settings")
    studio.wait(lambda: studio.control("prompt").get_attribute("value").startswith("a blue triangle"))
    studio.advanced()
    assert studio.picked("input_model") == "solid"
    assert studio.control("num_inference_steps").get_attribute("value") == "9"
    assert studio.one("#seed").get_attribute("value") == studio.one(
        f'[data-prediction="{prediction}"] .seed'
    ).get_attribute("textContent")

    # Refine this: the picture is the input of a family that takes one
    studio.open(prediction)
    studio.act("Refine this")
    studio.wait(lambda: studio.one("form.panel").get_attribute("aria-label") == "Remix")
    studio.wait(lambda: studio.control("image", ".thumb img"))
    assert "family=remix" in studio.browser.current_url
    refined = studio.drawn("a blue triangle on a red background", num_inference_steps=8)
    assert refined != prediction


def test_a_radio_group_is_walked_with_the_arrow_keys(studio):
    studio.option("quality", "fine").send_keys(Keys.ARROW_RIGHT)
    studio.wait(lambda: studio.picked("quality") == "fast")
    assert studio.browser.switch_to.active_element == studio.option("quality", "fast")
    assert studio.option("quality", "fine").get_attribute("tabindex") == "-1"
    studio.control("prompt").send_keys(Keys.TAB)
    assert studio.browser.switch_to.active_element == studio.option("input_model", "solid")


def test_control_and_enter_asks_from_the_prompt(studio):
    before = studio.ids()
    studio.advanced(num_inference_steps=4)
    studio.prompt(PROMPT)
    ActionChains(studio.browser).key_down(Keys.CONTROL).send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()
    studio.wait(lambda: studio.ids() - before)


def test_who_was_signed_out_meanwhile_loses_nothing(studio, people, keep):
    studio.prompt("a prompt worth keeping")
    studio.browser.delete_all_cookies()
    studio.generate()
    link = studio.wait(lambda: studio.one(".notice a"))
    assert "signed out" in studio.one(".notice").text
    keep("studio-signed-out")
    link.click()
    studio.browser.find_element(By.NAME, "username").send_keys("ada")
    studio.browser.find_element(By.NAME, "password").send_keys(people["ada"], Keys.ENTER)
    studio.opened()
    assert studio.control("prompt").get_attribute("value") == "a prompt worth keeping"


def test_a_server_out_of_reach_is_told_and_the_ask_is_made_once(studio):
    studio.prompt(PROMPT)
    studio.advanced(num_inference_steps=4)
    before = studio.ids()
    _reach(studio.browser, offline=True)
    studio.generate()
    studio.wait(lambda: "cannot be reached" in studio.one(".notice").text)
    assert studio.ids() == before
    _reach(studio.browser, offline=False)
    studio.generate()
    studio.wait(lambda: len(studio.ids() - before) == 1)


def test_a_family_that_is_not_there_is_told_and_the_others_can_be_opened(studio):
    studio.browser.get(f"{studio.url}/studio/?family=nowhere")
    studio.wait(lambda: "no family" in studio.one(".notice").text)
    studio.family("Shapes")
    studio.opened()


def test_a_picture_is_deleted_after_being_asked_twice(studio):
    prediction = studio.drawn("a black square on a white background", num_inference_steps=4)
    studio.open(prediction)
    studio.one("dialog .danger").click()
    studio.wait(lambda: "cannot be undone" in studio.one("dialog .danger").text)
    studio.one("dialog .danger").click()
    studio.wait(lambda: prediction not in studio.ids())


def _closed(option):
    return option if option.get_attribute("aria-disabled") == "true" else None


def _picture(path):
    Image.new("RGB", (128, 128), "purple").save(path)
    return path


BROUGHT = """
const [how, target, done] = arguments;
const canvas = Object.assign(document.createElement("canvas"), {width: 64, height: 64});
canvas.getContext("2d").fillRect(8, 8, 30, 30);
canvas.toBlob((blob) => {
    const data = new DataTransfer();
    data.items.add(new File([blob], "mine.png", {type: "image/png"}));
    const [Event, held] = how === "paste" ? [ClipboardEvent, "clipboardData"] : [DragEvent, "dataTransfer"];
    const event = new Event(how, {[held]: data, bubbles: true, cancelable: true});
    document.querySelector(target).dispatchEvent(event);
    done();
});
"""


def _bring(browser, how: str, target: str) -> None:
    """What Ctrl+V does when a picture is on the clipboard, or a hand that lets go of one it dragged."""
    browser.execute_async_script(BROUGHT, how, target)


def _reach(browser, *, offline: bool) -> None:
    conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)
