"""Every setting of the web process, the workers and the commands; all of them come from the environment.

`ATELIER_HOME/servers.env`, which the supervisor writes, fills in the addresses of embedded servers for
whatever the environment leaves open; `ATELIER_HOME/secret-key` is made on first use.
"""

from pathlib import Path

import environ
from django.urls import reverse_lazy

from api.logs import logging_config
from api.secret import secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
HOME = Path(env.str("ATELIER_HOME", default=str(BASE_DIR / "var"))).resolve()
environ.Env.read_env(HOME / "servers.env")  # never overrides what the environment already says

SECRET_KEY = env.str("SECRET_KEY", default=None) or secret_key(HOME)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])  # earlier ones, while needed
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{env.int('ATELIER_PORT', default=8000)}")

# --- servers -----------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgresql://postgres@127.0.0.1:5432/atelier")}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Persistent connections and ASGI's threads do not mix; a pool does what CONN_MAX_AGE cannot.
DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
    "min_size": 1,
    "max_size": env.int("DATABASE_POOL", default=20),
    "timeout": 10,
}
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
BROKER_URL = env.str("BROKER_URL", default=REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "atelier",
    }
}

# --- Django ------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "api",
    "families",
    "strategies",
    "workers",
]
MIDDLEWARE = [
    "api.request_id.RequestIdMiddleware",
    "api.prefer.PreferWaitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",  # who is to be named in the history
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Knows no async, so those before it run in its thread; were it first, each would change threads twice.
    "whitenoise.middleware.WhiteNoiseMiddleware",
]
ROOT_URLCONF = "api.urls"
ASGI_APPLICATION = "api.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_USER_MODEL = "api.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=None)  # only where something else serves the static files
MEDIA_ROOT = HOME / "media"
STORAGES = {
    "default": {"BACKEND": env.str("STORAGE_BACKEND", default="django.core.files.storage.FileSystemStorage")},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # served from the packages: a first start needs no collectstatic
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024  # a JSON body may carry images as data URIs
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
CSRF_FAILURE_VIEW = "api.problems.csrf_failure"
LOGGING = logging_config(env.str("LOG_FORMAT", default="console"), env.str("LOG_LEVEL", default="INFO"))

# --- REST --------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.auth.BearerAuthentication", "api.auth.BrowserAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.negotiation.AlwaysJson",
    "DEFAULT_SCHEMA_CLASS": "api.schema.AtelierSchema",
    "EXCEPTION_HANDLER": "api.problems.rest_exception_handler",
    "URL_FORMAT_OVERRIDE": None,  # `?format=` may be the pick of an axis
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Atelier",
    "DESCRIPTION": "A self-hosted image-generation backend. Refusals are problem responses (RFC 9457).",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",  # the first whose schemas are JSON schemas, as Pydantic writes them
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/v1/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "api.schema.with_event_stream",
        "api.typed_bodies.with_typed_bodies",
    ],
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": "strategies.models.Status.values",
        "DeliveryStatusEnum": "strategies.models.DeliveryStatus.values",
        "WebhookEventEnum": "strategies.webhooks.events.EVENTS",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}


# --- Admin -------------------------------------------------------------------------------------------
def _page(title: str, icon: str, model: str) -> dict[str, object]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}


UNFOLD = {
    "SITE_TITLE": "Atelier",
    "SITE_HEADER": "Atelier",
    "SITE_SUBHEADER": "Image generation",
    "SITE_SYMBOL": "palette",
    "SITE_URL": "/studio/",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "STYLES": [f"{STATIC_URL}atelier/admin.css"],
    "LOGIN": {"form": "api.sign_in.AdminSignInForm"},
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": "Catalogue",
                "items": [
                    _page("Families", "category", "families_family"),
                    _page("Axes", "tune", "families_axis"),
                    _page("Members", "grid_view", "families_member"),
                    _page("Workflows", "account_tree", "families_workflow"),
                ],
            },
            {
                "title": "Requests",
                "separator": True,
                "items": [
                    _page("Generations", "auto_awesome", "strategies_generation"),
                    _page("Predictions", "image", "strategies_prediction"),
                    _page("Shots", "target", "strategies_shot"),
                    _page("Tasks", "memory", "strategies_task"),
                    _page("Pools", "dns", "strategies_poolhold"),
                    _page("Refinements", "zoom_in", "strategies_refine"),
                    _page("Assets", "photo_library", "strategies_asset"),
                    _page("LoRAs", "extension", "strategies_lora"),
                    _page("Subjects", "face", "strategies_subject"),
                    _page("Products", "inventory_2", "strategies_product"),
                    _page("Styles", "brush", "strategies_style"),
                    _page("Webhooks", "webhook", "strategies_webhookendpoint"),
                    _page("Webhook deliveries", "outgoing_mail", "strategies_webhookdelivery"),
                ],
            },
            {
                "title": "Accounts",
                "separator": True,
                "items": [
                    _page("Users", "person", "api_user"),
                    _page("API keys", "key", "api_apikey"),
                    _page("Groups", "group", "auth_group"),
                    _page("Idempotency keys", "replay", "api_idempotencyrecord"),
                ],
            },
        ],
    },
}

# --- Atelier -----------------------------------------------------------------------------------------
POOLS_FILE = Path(env.str("ATELIER_POOLS", default=str(BASE_DIR / "pools.toml")))
MODELS_DIR = Path(env.str("ATELIER_MODELS", default=str(HOME / "models")))
LEASE_SECONDS = env.float("ATELIER_LEASE_SECONDS", default=60.0)  # renewed every second
MAX_ATTEMPTS = env.int("ATELIER_MAX_ATTEMPTS", default=3)
REAPER_SECONDS = env.float("ATELIER_REAPER_SECONDS", default=5.0)
SWEEP_SECONDS = env.float("ATELIER_SWEEP_SECONDS", default=300.0)  # all files are looked at in 256 of these
REPUBLISH_SECONDS = env.float("ATELIER_REPUBLISH_SECONDS", default=30.0)
# Seconds that one attempt at a task may take: at most of them, and at the types that take long.
TASK_TIME_LIMIT = env.int("ATELIER_TASK_TIME_LIMIT", default=1800)
LONG_TIME_LIMITS = {
    "training": env.int("ATELIER_TRAINING_TIME_LIMIT", default=6 * 3600),
    "video": env.int("ATELIER_VIDEO_TIME_LIMIT", default=2 * 3600),
    "refine": env.int("ATELIER_REFINE_TIME_LIMIT", default=2 * 3600),
}
OUTPUT_URL_SECONDS = env.int("ATELIER_OUTPUT_URL_SECONDS", default=24 * 3600)
EVENT_STREAM_SECONDS = env.int("ATELIER_EVENT_STREAM_SECONDS", default=24 * 3600)
ASSET_MAX_BYTES = env.int("ATELIER_ASSET_MAX_BYTES", default=20 * 1024 * 1024)
ASSET_MAX_PIXELS = env.int("ATELIER_ASSET_MAX_PIXELS", default=16 * 1024 * 1024)
UPLOAD_DAYS = env.int("ATELIER_UPLOAD_DAYS", default=30)  # kept that nothing uses; 0: for ever
LORA_MAX_BYTES = env.int("ATELIER_LORA_MAX_BYTES", default=1024 * 1024 * 1024)
# Who judges pictures and writes prompts: a CLIP model, named as a workflow names a checkpoint, and models
# behind an address that speaks OpenAI's chat completions.
CLIP_MODEL = env.str("ATELIER_CLIP_MODEL", default="pocket:pocket-clip")
CLIP_REVISION = env.str("ATELIER_CLIP_REVISION", default=None)
LANGUAGE_URL = env.str("ATELIER_LANGUAGE_URL", default="https://api.openai.com/v1")
LANGUAGE_KEY = env.str("ATELIER_LANGUAGE_KEY", default="")
LANGUAGE_MODEL = env.str("ATELIER_LANGUAGE_MODEL", default="")  # writes prompts; none does while it is empty
VISION_MODEL = env.str("ATELIER_VISION_MODEL", default="")  # judges pictures; none does while it is empty
LANGUAGE_SECONDS = env.float("ATELIER_LANGUAGE_SECONDS", default=60.0)
# True lets clients name images on plain http and on private addresses: only where every client is trusted.
ALLOW_PRIVATE_IMAGE_URLS = env.bool("ATELIER_ALLOW_PRIVATE_IMAGE_URLS", default=False)
# Webhooks: pauses after the first, second, … failed attempt (Standard Webhooks), and the time an attempt has.
WEBHOOK_RETRY_SECONDS = env.list(
    "ATELIER_WEBHOOK_RETRY_SECONDS", cast=float,
    default=[5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
)  # fmt: skip
WEBHOOK_TIMEOUT_SECONDS = env.float("ATELIER_WEBHOOK_TIMEOUT_SECONDS", default=15.0)
MAX_WEBHOOKS = env.int("ATELIER_MAX_WEBHOOKS", default=20)  # of one account
# True lets clients name webhooks on plain http and on private addresses: only where every client is trusted.
ALLOW_PRIVATE_WEBHOOK_URLS = env.bool("ATELIER_ALLOW_PRIVATE_WEBHOOK_URLS", default=False)
