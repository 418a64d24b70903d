"""`manage.py copy_workflow`: the same workflow over another checkpoint, at its size."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from families.errors import CatalogueError
from families.models import Workflow
from families.services import workflow_copy, workflow_publish

MARGIN = 2  # sizes up to this many times the native one are allowed


class Command(BaseCommand):
    help = "Copy a workflow under a new key, over another checkpoint; its size and steps become the defaults."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="the workflow to copy, such as pocket-solid-fine")
        parser.add_argument("key", help="the new one's key")
        parser.add_argument("--name", help="the new one's display name; its key unless given")
        parser.add_argument(
            "--checkpoint", required=True, help="below the models folder, absolute, or a hub id"
        )
        parser.add_argument("--revision", default="", help="the full commit of a hub id")
        parser.add_argument("--size", type=int, default=1024, help="native width and height")
        parser.add_argument("--steps", type=int, default=30)
        parser.add_argument("--guidance", type=float, default=5.0)
        parser.add_argument("--draft", action="store_true", help="do not publish it yet")

    def handle(self, *args: Any, source: str, key: str, size: int, **options: Any) -> None:
        side = {"default": size, "maximum": size * MARGIN, "minimum": 256 if size >= 512 else 64}
        inputs = {
            "width": side,
            "height": side,
            "num_inference_steps": {"default": options["steps"]},
            "guidance_scale": {"default": options["guidance"]},
            "scheduler": {"required": False, "default": None},
        }
        try:
            workflow = workflow_copy(
                workflow=Workflow.objects.get(key=source),
                key=key,
                inputs=inputs,
                display_name=options["name"] or key,
                checkpoint=options["checkpoint"],
                checkpoint_revision=options["revision"],
            )
            if not options["draft"]:
                workflow = workflow_publish(workflow=workflow)
        except Workflow.DoesNotExist:
            raise CommandError(f"There is no workflow {source!r} to copy.") from None
        except CatalogueError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(f"{workflow.key} is {workflow.state}, version {workflow.version}")
