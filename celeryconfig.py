"""Celery, on one screen. The database row is the truth; a message only wakes a worker."""

from django.conf import settings
from kombu import Exchange, Queue

broker_url = settings.BROKER_URL
include = ["workers.tasks"]

# Queues: one per task type, none made by a typo.
TASK_TYPES = (
    "generation", "editing", "detail_enhancer", "refine", "video", "background_fix", "image_adjust",
    "face_fix", "training", "evaluation", "prompt",
)  # fmt: skip
REMOTE = ("evaluation.remote", "prompt.remote")  # the same work where another server does it
QUEUES = (*TASK_TYPES, *REMOTE, "webhooks", "maintenance")
task_queues = [Queue(name, Exchange(name), routing_key=name) for name in QUEUES]
task_create_missing_queues = False
task_default_queue = "maintenance"
task_routes = {f"atelier.{queue}": {"queue": queue} for queue in (*TASK_TYPES, *REMOTE)}
task_routes["atelier.deliver_webhooks"] = {"queue": "webhooks"}
task_routes |= {name: {"queue": "maintenance"} for name in ("atelier.reap", "atelier.sweep")}

# Messages are JSON, small, and acknowledged after the work is durable.
task_serializer = result_serializer = event_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_acks_late = True
task_reject_on_worker_lost = True
worker_prefetch_multiplier = 1

# A child per device, spawned: torch and CUDA live in the child only and never see a fork.
worker_pool_start_method = "spawn"
worker_proc_alive_timeout = 120.0
task_time_limit = settings.TASK_TIME_LIMIT
# A second delivery finds nothing to claim, so work goes on while the broker is away (docs/decisions/0005).
worker_cancel_long_running_tasks_on_connection_loss = False
worker_hijack_root_logger = False
worker_redirect_stdouts = False

# Brokers come and go: retry for ever in workers, never hold up the API for more than a moment.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_connection_timeout = 4
broker_pool_limit = 10
broker_pool_acquire_timeout = 3
PUBLISH_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}  # the reaper tries again
broker_transport_options = {
    "visibility_timeout": 2 * settings.TASK_TIME_LIMIT,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    **PUBLISH_ONCE,
}
if broker_url.startswith("amqp"):
    broker_transport_options = {"confirm_publish": True, "socket_timeout": 10, **PUBLISH_ONCE}

# Flower reads these.
worker_send_task_events = True
task_send_sent_event = True

timezone = "UTC"
beat_schedule = {
    "reap": {
        "task": "atelier.reap",
        "schedule": settings.REAPER_SECONDS,
        "options": {"expires": 15},
    },
    "sweep": {
        "task": "atelier.sweep",
        "schedule": settings.SWEEP_SECONDS,
        "options": {"expires": settings.SWEEP_SECONDS},
    },
}
