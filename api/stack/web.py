"""The web process: `python -m api.stack.web`, told where to listen by the environment."""

import os

import uvicorn

from api.stack.options import Options

GRACE_SECONDS = 5  # for open event streams; everything else is long done


def main() -> None:
    options = Options.read(os.environ)
    uvicorn.run(
        "api.asgi:application",
        host=options.host,
        port=options.port,
        workers=options.web_workers,
        log_config=None,  # its loggers speak through the project's own configuration
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
