"""Settings of a worker whose device fails for as long as the file `TESTS_FAULT` is there."""

import os
from pathlib import Path

from api.settings import *  # noqa: F403
from api.settings import INSTALLED_APPS as USUAL

INSTALLED_APPS = [*USUAL, "tests.workers.faulty_device.FaultyDevice"]
FAULT = Path(os.environ["TESTS_FAULT"])
