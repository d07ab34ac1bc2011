"""The public face of querysets."""

from rowsmith.execution.prefetch import Prefetch, prefetch_related_objects
from rowsmith.queryset.queryset import EmptyQuerySet, QuerySet

__all__ = ["EmptyQuerySet", "Prefetch", "QuerySet", "prefetch_related_objects"]
