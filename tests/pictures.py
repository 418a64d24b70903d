"""Pictures of the shape world that tests of several rooms send."""

import base64
import io

from PIL import Image, ImageDraw

WHITE, RED, BLUE, YELLOW = (245, 245, 245), (220, 30, 30), (35, 70, 220), (250, 215, 30)
CIRCLE, SQUARE = (8, 40, 56, 88), (76, 44, 116, 84)


def circle_and_square(size: tuple[int, int] = (128, 128)) -> Image.Image:
    """A red circle on the left and a blue square on the right, on white."""
    image = Image.new("RGB", size, WHITE)
    ImageDraw.Draw(image).ellipse(CIRCLE, fill=RED)
    ImageDraw.Draw(image).rectangle(SQUARE, fill=BLUE)
    return image


def mask_of(box: tuple[int, int, int, int], size: tuple[int, int] = (128, 128)) -> Image.Image:
    """White inside the box."""
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask


def yellow_triangle() -> Image.Image:
    """Transparent around the triangle."""
    image = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
    ImageDraw.Draw(image).polygon([(24, 0), (47, 47), (0, 47)], fill=(*YELLOW, 255))
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def data_uri(image: Image.Image) -> str:
    """A picture as clients inline it."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()
