"""`python -m api.stack run|demo|pools`: the commands that start things, without loading Django here."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from api.stack.demo import demo
from api.stack.errors import StackError
from api.stack.options import Options
from api.stack.pools import run_pools
from api.stack.run import run
from workers.pools import PoolsFileError

INTERRUPTED = 130  # what a shell reports for Ctrl-C


def main(arguments: Sequence[str]) -> int:
    """Run one command; what is wrong is said in a sentence instead of a traceback."""
    wanted = parser().parse_args(arguments)
    try:
        wanted.start(Options.read(os.environ), wanted)
    except (StackError, PoolsFileError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
        return wanted.interrupted
    return 0


def parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m api.stack", description="Start and stop Atelier.")
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("run", help="servers, web, workers, beat and Flower, until interrupted")
    serve.set_defaults(start=lambda options, wanted: run(options), interrupted=0)
    workers = commands.add_parser("pools", help="the pools of the pools file, until interrupted")
    workers.add_argument("names", nargs="*", metavar="NAME", help="only these pools")
    workers.set_defaults(start=lambda options, wanted: run_pools(options, wanted.names), interrupted=0)
    once = commands.add_parser("demo", help="start everything, save one picture, stop everything")
    once.add_argument("--prompt", required=True)
    once.add_argument("--family", metavar="KEY", help="the first available one unless given")
    once.add_argument("--output", type=Path, metavar="DIR", help="ATELIER_HOME/pictures unless given")
    once.set_defaults(start=_demo, interrupted=INTERRUPTED)
    return parser


def _demo(options: Options, wanted: Namespace) -> None:
    demo(options, wanted.prompt, wanted.family, wanted.output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
