"""`make run`: everything on this machine, until interrupted."""

from api.stack.errors import NotInTime
from api.stack.options import Options
from api.stack.stack import Stack, watch
from workers.pools import load_pools


def run(options: Options) -> None:
    """Start it all, print where it is, keep it running.

    It goes on serving when a queue has no pool in time: that pool may be on a machine that is still to come.
    """
    stack = Stack(options, load_pools(options.pools_file), say=say, log=say)
    with stack.running() as supervisor:
        state = "Atelier is ready."
        try:
            stack.wait_until_ready(supervisor)
        except NotInTime as error:
            state = f"Atelier serves, but is not ready. {error}"
        say(f"\n{state}\n{addresses(options)}\nCtrl-C stops everything.\n")
        watch(supervisor)


def addresses(options: Options) -> str:
    """What somebody who has just started Atelier wants to know."""
    key, demo, password = (
        (options.home / name).read_text().strip() for name in ("demo-key", "demo-password", "admin-password")
    )
    return f"""\
  Studio   {options.url}/studio/   demo, password {demo} unless changed in the admin
  API      {options.url}/v1/       described at {options.url}/docs/
  API key  {key}       kept in {options.home}/demo-key
  Admin    {options.url}/admin/    admin, password {password} unless changed there
  Flower   {options.flower_url}/          admin, password {password}"""


def say(line: str) -> None:
    print(line, flush=True)
