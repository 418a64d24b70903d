"""Masks painted over a picture, and clips that play where they are."""

from io import BytesIO

import httpx
import pytest
from PIL import Image, ImageDraw
from selenium.webdriver import ActionChains, Keys

SIZE = (160, 128)
PLAYED = "const [video] = arguments; video.play(); return video.currentTime > 0 && video.videoWidth > 0;"


@pytest.fixture
def file(tmp_path) -> str:
    """A red circle on black."""
    picture = Image.new("RGB", SIZE, "black")
    ImageDraw.Draw(picture).ellipse((48, 32, 112, 96), fill="red")
    picture.save(tmp_path / "mine.png")
    return str(tmp_path / "mine.png")


def paint(studio, across: int, down: int) -> None:
    """One stroke from the middle of the canvas, so many of its pixels long."""
    canvas = studio.wait(lambda: studio.one(".painter canvas"))
    across, down = (round(pixels * canvas.rect["width"] / SIZE[0]) for pixels in (across, down))
    stroke = ActionChains(studio.browser).move_to_element(canvas).click_and_hold()
    stroke.move_by_offset(across, down).release().perform()


def mask_of(studio, stack) -> Image.Image:
    """The picture that the mask's control holds."""
    address = studio.wait(lambda: studio.control("mask", ".thumb img").get_attribute("src"))
    return Image.open(BytesIO(httpx.get(address).content)).convert("L")


def tool(studio, words: str):
    return next(button for button in studio.all(".painter button") if button.text == words)


def test_a_mask_is_painted_over_the_picture_it_is_for(studio, stack, file, keep):
    studio.family("Remix")
    studio.option("mode", "fill").click()
    studio.wait(lambda: "Give the picture first" in studio.field("mask").text)
    studio.one("[data-upload=image]").send_keys(file)
    studio.wait(lambda: studio.control("image", ".thumb img"))
    studio.press(studio.wait(lambda: studio.control("mask", ".paint-it")))

    # Nothing painted is no mask; a stroke can be taken back
    studio.wait(lambda: tool(studio, "Use this mask").is_enabled())
    tool(studio, "Use this mask").click()
    studio.wait(lambda: "Nothing is painted yet" in studio.one(".painter").text)
    paint(studio, 20, 0)
    assert tool(studio, "Undo").is_enabled()
    tool(studio, "Undo").click()
    studio.wait(lambda: not tool(studio, "Undo").is_enabled())

    # What is painted is white, of the picture's own size; what is erased again is not
    paint(studio, 40, 0)
    tool(studio, "Erase").click()
    paint(studio, 0, 0)
    keep("studio-painter")
    tool(studio, "Use this mask").click()
    mask = mask_of(studio, stack)
    assert mask.size == SIZE
    assert [mask.getpixel((x, 64)) for x in (4, 80, 104, 120)] == [0, 0, 255, 255]
    assert mask.getpixel((110, 4)) == 0

    # It is painted on, and the keyboard closes without a change
    studio.press(studio.control("mask", ".paint-it"))
    paint(studio, -40, 0)
    studio.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    studio.wait(lambda: not studio.all(".painter"))
    assert mask_of(studio, stack).tobytes() == mask.tobytes()
    assert studio.drawn("a blue circle on a black background", num_inference_steps=4)


def test_a_picture_is_set_in_motion_and_plays_in_the_gallery(studio, file, keep):
    studio.family("Motion")
    assert not studio.all(".composer")
    studio.one("[data-upload=source_image]").send_keys(file)
    studio.wait(lambda: studio.control("source_image", ".thumb img"))
    before = studio.ids()
    studio.generate()
    (clip,) = studio.wait(lambda: studio.ids() - before)
    video = studio.wait(lambda: studio.one(f'[data-prediction="{clip}"][data-status=succeeded] video'))
    assert "/v1/files/" in video.get_attribute("poster")
    assert all(video.get_property(name) for name in ("controls", "muted", "loop", "playsInline"))
    studio.wait(lambda: studio.browser.execute_script(PLAYED, video))
    keep("studio-clip")

    # Its large view has the file itself; other forms go on from its poster
    studio.press(studio.one(f'[data-prediction="{clip}"] .open'))
    studio.wait(lambda: studio.one("dialog video").get_property("videoWidth") == 64)
    assert studio.one("dialog a[download]").get_attribute("download").endswith(".mp4")
    keep("studio-clip-large")
    studio.act("Use in Trace")
    studio.wait(lambda: studio.control("control_images", ".thumb img").get_attribute("naturalWidth") == "64")


def test_a_picture_is_adjusted(studio, file):
    studio.family("Improve")
    studio.option("task", "adjust").click()
    studio.wait(lambda: studio.control("brightness"))
    studio.one("[data-upload=base_image]").send_keys(file)
    studio.wait(lambda: studio.control("base_image", ".thumb img"))
    studio.type("brightness", "0.5")
    before = studio.ids()
    studio.generate()
    (adjusted,) = studio.wait(lambda: studio.ids() - before)
    picture = studio.wait(lambda: studio.one(f'[data-prediction="{adjusted}"][data-status=succeeded] img'))
    address = picture.get_attribute("src")
    red, green, blue = Image.open(BytesIO(httpx.get(address).content)).convert("RGB").getpixel((80, 64))
    assert 100 < red < 160 and green == blue == 0
