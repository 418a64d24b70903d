"""Five pictures of a shape that the pocket models have never seen: how often it is drawn before and after."""

import io
import time
from collections.abc import Iterator

import cv2
import httpx
import numpy as np
from PIL import Image, ImageDraw

from gpu.pocket import world
from gpu.pocket.judge import judge
from tests.stack import RunningStack, waited

ARROW = ((-0.95, -0.3), (0.05, -0.3), (0.05, -0.9), (1, 0), (0.05, 0.9), (0.05, 0.3), (-0.95, 0.3))
TAUGHT = (("red", "white"), ("yellow", "blue"), ("green", "black"), ("purple", "yellow"), ("orange", "cyan"))
ASKED = (("blue", "pink"), ("white", "green"), ("black", "white"), ("cyan", "orange"), ("red", "blue"))
WORD = "zorp"
TRAINING = {"num_train_steps": 250, "rank": 16, "learning_rate": 2e-3, "seed": 0}
PICTURES_EACH = 4
LIKE = (
    0.7  # IoU of the largest figure with the arrow, both scaled to 48 x 48; of what is known a cross has 0.63
)


def run(stack: RunningStack) -> None:
    with stack.client() as client:
        subject = _made(client.post("/v1/subjects", json={"name": "Zorp", "trigger_word": WORD}))["id"]
        before = list(_likenesses(client, subject))
        images = [_upload(client, arrow(color, ground)) for color, ground in TAUGHT]
        began = time.monotonic()
        task = _made(client.post(f"/v1/subjects/{subject}/train", json={"images": images, **TRAINING}))
        done = waited(lambda: _over(client.get(task["urls"]["get"]).json()), 1200)
        assert done["status"] == "succeeded", done["error"]
        seconds = time.monotonic() - began
        after = list(_likenesses(client, subject))
    result = done["result"]
    print(f"steps                     {result['steps']}, rank {result['rank']}, {len(images)} pictures")
    print(f"POST to trained           {seconds:.0f} s, {result['seconds'] / result['steps']:.2f} s per step")
    print(f"loss, first and last 20   {result['loss']['first']:.3f} {result['loss']['last']:.3f}")
    for name, seen in (("before", before), ("after", after)):
        rate = sum(likeness > LIKE for likeness in seen)
        print(f"the shape {name:<6}          {rate} of {len(seen)}, median likeness {np.median(seen):.2f}")


def arrow(color: str, ground: str) -> Image.Image:
    """A picture of the new shape, of the size that the pocket models draw."""
    scale, radius = world.SUPERSAMPLING, 36
    picture = Image.new("RGB", (world.SIZE * scale,) * 2, world.COLORS[ground])
    points = [((64 + x * radius) * scale, (64 + y * radius) * scale) for x, y in ARROW]
    ImageDraw.Draw(picture).polygon(points, fill=world.COLORS[color])
    return picture.resize((world.SIZE, world.SIZE), Image.Resampling.BOX)


def likeness(picture: Image.Image) -> float:
    """How much the largest figure on a picture is an arrow, 0 to 1."""
    figure, wanted = (_figure(judge(one).mask) for one in (picture, arrow("white", "black")))
    if figure is None or wanted is None:
        return 0.0
    return float((figure & wanted).sum() / (figure | wanted).sum())


def _figure(mask: np.ndarray) -> np.ndarray | None:
    """The largest connected part, cut out and scaled to 48 x 48 with its proportions kept."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    part = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    ys, xs = np.nonzero(part)
    cut = part[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.uint8) * 255
    side = max(cut.shape)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    square[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return cv2.resize(square, (48, 48), interpolation=cv2.INTER_AREA) > 127


def _likenesses(client: httpx.Client, subject: str) -> Iterator[float]:
    """Pictures of the subject in colours that were not taught, as anybody would ask for them."""
    for number, (color, ground) in enumerate(ASKED):
        body = {
            "strategy": "subject_generate",
            "inputs": {"subject": subject, "prompt": f"a {color} {WORD} on a {ground} background"},
            "num_predictions": PICTURES_EACH,
            "seed": 100 * number,
        }
        answer = client.post("/v1/generations", json=body, headers={"Prefer": "wait=60"}).json()
        assert answer["status"] == "succeeded", answer
        for prediction in answer["predictions"]:
            data = client.get(prediction["output"][0]["url"]).raise_for_status().content
            yield likeness(Image.open(io.BytesIO(data)))


def _upload(client: httpx.Client, picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return _made(client.post("/v1/assets", files={"file": ("zorp.png", buffer.getvalue())}))["id"]


def _made(answer: httpx.Response) -> dict:
    assert answer.is_success, answer.text
    return answer.json()


def _over(task: dict) -> dict | None:
    return task if task["completed_at"] else None
