"""`make run`: everything on this machine, until interrupted."""

from api.stack.options import Options
from api.stack.stack import Stack, watch
from workers.pools import load_pools


def run(options: Options) -> None:
    """Start it all, print where it is, keep it running."""
    stack = Stack(options, load_pools(options.pools_file), say=say, log=say)
    with stack.running() as supervisor:
        say(addresses(options))
        watch(supervisor)


def addresses(options: Options) -> str:
    """What somebody who has just started Atelier wants to know."""
    key, password = ((options.home / name).read_text().strip() for name in ("demo-key", "admin-password"))
    return f"""
Atelier is ready.
  Studio   {options.url}/studio/
  API      {options.url}/v1/       described at {options.url}/docs/
  API key  {key}       kept in {options.home}/demo-key
  Admin    {options.url}/admin/    admin, password {password} unless changed there
  Flower   {options.flower_url}/          admin, password {password}
Ctrl-C stops everything.
"""


def say(line: str) -> None:
    print(line, flush=True)
