"""Start Atelier, draw one picture through its REST API, save it, stop: `manage.py demo --prompt …`."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.text import slugify
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.stack.command import StackCommand
from api.stack.demo import Client, Picture
from api.stack.errors import StackError
from api.stack.options import Options
from api.stack.stack import Stack
from workers.pools import load_pools


class Command(StackCommand):
    help = "Start everything, draw one picture through the REST API, save it and stop everything."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--prompt", required=True)
        parser.add_argument("--family", help="its key; the first available one unless given")
        parser.add_argument(
            "--output", type=Path, metavar="DIR", help="where to save; ATELIER_HOME/pictures unless given"
        )

    def handle(
        self, *args: Any, prompt: str, family: str | None, output: Path | None, **options: Any
    ) -> None:
        where = Options.read(os.environ)
        stack = Stack(
            settings.HOME, where, load_pools(settings.POOLS_FILE), say=self.say, log=lambda line: None
        )
        with stack.running():
            self.say(f"Drawing: {prompt}")
            client = Client(where.url, (settings.HOME / "demo-key").read_text().strip())
            picture = self._draw(client, prompt, family)
            path = save(picture, prompt, output or settings.HOME / "pictures")
            self.say("Stopping everything")
        self.say(f"saved: {path}")

    def _draw(self, client: Client, prompt: str, family: str | None) -> Picture:
        columns = (
            TextColumn("  {task.description:<10}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(file=self.stdout)) as bar:
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
    name = f"{slugify(prompt)[:50].strip('-') or 'picture'}-{picture.generation[:8]}{picture.suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder.resolve() / name
        path.write_bytes(picture.content)
    except OSError as error:
        raise StackError(f"The picture cannot be saved in {folder}: {error.strerror}.") from error
    return path
