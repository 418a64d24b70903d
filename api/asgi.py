"""The web process: `uvicorn api.asgi:application`."""

import os
import resource
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.settings")
django = get_asgi_application()  # sets Django up: what follows needs that

from api.body_limit import limited  # noqa: E402

OPEN_FILES = 16_384  # every idle event stream is one


def allow_many_connections() -> None:
    """Raise the soft limit of open files as far as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


allow_many_connections()
# Static files and pictures are small: that Django collects them before it sends them is no news.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")
application = limited(django)
