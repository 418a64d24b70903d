"""`make demo`: start everything, draw one picture through the REST API, save it, stop everything."""

import re
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.stack.client import Client, Picture
from api.stack.errors import StackError
from api.stack.options import Options
from api.stack.run import say
from api.stack.stack import Stack
from workers.pools import load_pools

LONGEST_NAME = 50


def demo(options: Options, prompt: str, family: str | None, folder: Path | None) -> None:
    """The terminal shows the steps and a progress bar; the programs' logs go to their files only."""
    stack = Stack(options, load_pools(options.pools_file), say=say, log=lambda line: None)
    with stack.running() as supervisor:
        stack.wait_until_ready(supervisor)
        say(f"Drawing: {prompt}")
        client = Client(options.url, (options.home / "demo-key").read_text().strip())
        path = save(draw(client, prompt, family), prompt, folder or options.home / "pictures")
        say("Stopping everything")
    say(f"saved: {path}")


def draw(client: Client, prompt: str, family: str | None) -> Picture:
    """One picture, with a progress bar."""
    columns = TextColumn("  {task.description:<10}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Progress(*columns) as bar:
        task = bar.add_task("starting", total=1.0)
        picture = client.draw(
            prompt, family, lambda state, done: bar.update(task, description=state, completed=done)
        )
        bar.update(task, description="succeeded", completed=1.0)
    return picture


def save(picture: Picture, prompt: str, folder: Path) -> Path:
    """Write the picture under a name that tells what it shows.

    Raises: StackError when it cannot be written.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", prompt.lower())[:LONGEST_NAME].strip("-") or "picture"
    path = folder.resolve() / f"{slug}-{picture.generation[:8]}{picture.suffix}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture.content)
    except OSError as error:
        raise StackError(f"The picture cannot be saved as {path}: {error.strerror}.") from error
    return path
