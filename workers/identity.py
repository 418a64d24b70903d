"""Who this worker process is: its pool, its device, its name. Settled by the pool's environment."""

import os
import socket

POOL = os.environ.get("ATELIER_POOL", "adhoc")
DEVICE = os.environ.get("ATELIER_DEVICE", "none")
QUEUES = tuple(filter(None, os.environ.get("ATELIER_QUEUES", "").split(",")))
CONCURRENCY = int(os.environ.get("ATELIER_CONCURRENCY", "1"))
THREADS = int(os.environ["ATELIER_THREADS"]) if "ATELIER_THREADS" in os.environ else None
MEMORY_BYTES = (
    int(float(os.environ["ATELIER_MEMORY_GIB"]) * 2**30) if "ATELIER_MEMORY_GIB" in os.environ else None
)
COMPILE = os.environ.get("ATELIER_COMPILE") == "1"
TF32 = os.environ.get("ATELIER_TF32") == "1"
WARM_UP = tuple(filter(None, os.environ.get("ATELIER_WARM_UP", "").split(",")))
NODE = f"{POOL}@{socket.gethostname()}"
DRAWS = DEVICE not in ("none", "network")
