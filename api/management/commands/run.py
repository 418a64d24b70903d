"""Run all of Atelier on this machine until interrupted: `manage.py run`."""

import os
from typing import Any

from django.conf import settings

from api.stack.command import StackCommand
from api.stack.options import Options
from api.stack.stack import Stack, watch
from workers.pools import load_pools


class Command(StackCommand):
    help = "Start servers, web, workers, beat and Flower; print their addresses; stop them all on Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        where = Options.read(os.environ)
        stack = Stack(settings.HOME, where, load_pools(settings.POOLS_FILE), say=self.say, log=self.say)
        try:
            with stack.running() as supervisor:
                self.say(self._addresses(where))
                watch(supervisor)
        except KeyboardInterrupt:
            self.say("Stopped.")

    def _addresses(self, where: Options) -> str:
        home = settings.HOME
        key, password = ((home / name).read_text().strip() for name in ("demo-key", "admin-password"))
        return f"""
Atelier is ready.
  Studio   {where.url}/studio/
  API      {where.url}/v1/       described at {where.url}/docs/
  API key  {key}       kept in {home}/demo-key
  Admin    {where.url}/admin/    admin, password {password} unless changed there
  Flower   {where.flower_url}/          admin, password {password}
Ctrl-C stops everything.
"""
