"""Django. Its awaitable twins hand each query to a thread, so it has no row of tasks on one async driver."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from django.apps import AppConfig

from benchmarks.contenders.django_like import DjangoLike, define


class Bench(AppConfig):
    """Reverse relations are found through installed apps only, so the models need one."""

    name = "benchmarks.contenders.django"
    label = "bench"
    path = "."


def database(backend: str, url: str) -> dict[str, Any]:
    if backend == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "CONN_MAX_AGE": None,
    }


def open(backend: str, url: str) -> DjangoLike:
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={"default": database(backend, url)},
        INSTALLED_APPS=[f"{__name__}.Bench"],
        USE_TZ=True,
        TIME_ZONE="UTC",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEBUG=False,
    )
    django.setup()
    from django.db import connection, models, transaction
    from django.db.models import functions

    return DjangoLike(models, functions, define(models, __name__), transaction.atomic, connection)
