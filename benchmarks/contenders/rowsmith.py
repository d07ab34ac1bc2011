"""rowsmith."""

from __future__ import annotations

from benchmarks.contenders.django_like import AsyncDjangoLike, define


def open(backend: str, url: str) -> AsyncDjangoLike:
    import rowsmith
    from rowsmith import models, transaction
    from rowsmith.models import functions

    if backend == "postgresql":
        url += ("&" if "?" in url else "?") + "max_size=16"
    rowsmith.configure({"default": url})
    connection = rowsmith.connections["default"]
    return AsyncDjangoLike(models, functions, define(models, __name__), transaction.atomic, connection)
