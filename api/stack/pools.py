"""`manage.py pools`: this machine's worker pools, against a given database and broker."""

import os

from api.stack import programs
from api.stack.errors import StackError
from api.stack.manage import manage
from api.stack.options import Options
from api.stack.run import say
from api.stack.session import alone, supervised
from api.stack.stack import child_environment, watch
from workers.pools import Pool, load_pools


def run_pools(options: Options, names: list[str]) -> None:
    """Keep the named pools running, or all, until interrupted."""
    pools = chosen(load_pools(options.pools_file), names)
    run = "-".join(["pools", *names])
    groups = {"pools": programs.pools(pools)}
    environment = {**os.environ, **child_environment(options)}
    with alone(options.home, run), supervised(options.home, run, groups, environment, say) as supervisor:
        manage("stack_check", {**environment, **supervisor.mark}, supervisor.log_directory)
        supervisor.start("pools")
        watch(supervisor)


def chosen(pools: list[Pool], names: list[str]) -> list[Pool]:
    """The named pools, or all. Raises: StackError for a name that is not in the file."""
    known = [pool.name for pool in pools]
    if unknown := [name for name in names if name not in known]:
        raise StackError(f"There is no pool {unknown[0]!r} here; there are {', '.join(known)}.")
    return [pool for pool in pools if not names or pool.name in names]
