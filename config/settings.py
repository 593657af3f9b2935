"""Settings: one file, everything from the environment, a safe default for each."""

from __future__ import annotations

import zoneinfo
from datetime import timedelta
from typing import Any

from config.environment import (
    BASE_DIR,
    DATA_DIR,
    IS_PRODUCTION,
    document,
    embedded,
    env,
    generated,
    refuse_when_incomplete,
    service_url,
)

refuse_when_incomplete()
zoneinfo.reset_tzpath(to=())  # zones come from the pinned wheel, never the system

# --- Who we are -----------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = generated("SECRET_KEY")
TOKEN_KEYS = [key.strip() for key in generated("TOKEN_KEYS").split(",")]
INSTALLATION_ID = env.str("INSTALLATION_ID", "dev")
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "simple_history",
    "axes",
    "csp",
    "config",
    "schedules",
    "workflows",
    "instances",
]

MIDDLEWARE = [
    "config.middleware.RequestId",
    "config.middleware.NotStored",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.SlashRedirects",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "instances.User"
LOGIN_URL = "/admin/login/"

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

# --- Time and language: stored in UTC, shown in the reader's zone ----------------

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# --- PostgreSQL: the truth -------------------------------------------------------

DATABASES = {
    "default": env.db_url_config(
        service_url("DATABASE_URL") or "postgresql://app@127.0.0.1:5432/app"
    )
    | {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "options": "-c statement_timeout=15s -c lock_timeout=3s"
            " -c idle_in_transaction_session_timeout=30s",
        },
    }
}

# --- Redis: only hints and locks -------------------------------------------------

REDIS_URL = service_url("REDIS_URL") or "redis://127.0.0.1:6379/0"
REDIS_SOCKET_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 15,
}

# --- Who may come in -------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{VALIDATION}.NumericPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "config.pages.locked_out"

SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", IS_PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
)
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# Who may ask /healthz/ready and /metrics.
INTERNAL_ADDRESSES = env.list("INTERNAL_ADDRESSES", default=["127.0.0.1", "::1"])

# --- Files -----------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [path for path in [BASE_DIR / "frontend" / "dist"] if path.exists()]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
    "results": {
        "BACKEND": env.str("RESULTS_STORAGE", "")
        or "django.core.files.storage.FileSystemStorage",
        "OPTIONS": document(
            "RESULTS_STORAGE_OPTIONS", {"location": str(DATA_DIR / "results")}
        ),
    },
}

# --- Amazon ----------------------------------------------------------------------

LWA_CLIENT_ID = env.str("LWA_CLIENT_ID", "amzn1.application-oa2-client.sandbox")
LWA_CLIENT_SECRET = env.str("LWA_CLIENT_SECRET", "sandbox-secret")
# One address for every region and for Login with Amazon: that of a sandbox or proxy.
AMAZON_URL = env.str("AMAZON_URL", embedded("AMAZON_URL")).rstrip("/")
# What a browser opens for the consent page, where that differs from AMAZON_URL.
AMAZON_BROWSER_URL = env.str("AMAZON_BROWSER_URL", AMAZON_URL).rstrip("/")

# --- The scheduler ---------------------------------------------------------------

TICK_SECONDS = env.float("TICK_SECONDS", 10.0)
POLL_SECONDS = env.float("POLL_SECONDS", 5.0)
# Overrides of instances.timing.Times by name, in seconds: {"hint_again": 5}.
TIMES: dict[str, float] = document("TIMES", {})

# --- The API ---------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "instances.authentication.ApiTokenAuthentication",
        "instances.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "instances.permissions.TokenScope",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api.exception_handler",
    "DEFAULT_PAGINATION_CLASS": "config.pagination.NewestFirst",
    "DEFAULT_PARSER_CLASSES": ["config.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["instances.query.StrictFilters"],
    "PAGE_SIZE": 50,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AMC Scheduler",
    "DESCRIPTION": "Schedules for SQL workflows on Amazon Marketing Cloud.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.schema.with_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RunState": "schedules.states.RunState",
        "ExecutionState": "workflows.states.ExecutionState",
    },
}
REST_KNOX = {"TOKEN_TTL": None, "AUTO_REFRESH": False}
# Our own token model takes the place of the only table that knox would make.
MIGRATION_MODULES = {"knox": None}
KNOX_TOKEN_MODEL = "instances.ApiToken"  # noqa: S105 - a model, not a secret

# --- Logs ------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOG_FORMAT = env.str("LOG_FORMAT", "json" if IS_PRODUCTION else "console")
LOGGING_CONFIG = "config.logs.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
