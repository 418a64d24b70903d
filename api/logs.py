"""One line per event, for people (console) or machines (json), in every process alike."""

from typing import Any

import structlog

SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(form: str, level: str) -> dict[str, Any]:
    """The `LOGGING` setting: structlog renders what any logger says.

    Parameters: `form` is `console` or `json`; `level` a standard level name.
    """
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.dev.ConsoleRenderer(
        colors=False,
        pad_event_to=28,
        exception_formatter=structlog.dev.plain_traceback,  # the default prints local variables, too
    )
    tail = [structlog.processors.format_exc_info] if form == "json" else []
    if form == "json":
        renderer = structlog.processors.JSONRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *tail,
                    renderer,
                ],
            }
        },
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            name: {"level": quiet}
            for name, quiet in {
                "uvicorn.access": "WARNING",
                "celery.beat": "WARNING",
                "celery.app.trace": "WARNING",  # the lifecycle says what became of a task
                "celery.worker.strategy": "WARNING",
                "kombu": "WARNING",
                "amqp": "WARNING",
                "httpx": "WARNING",
                "django.request": "ERROR",
            }.items()
        },
    }
