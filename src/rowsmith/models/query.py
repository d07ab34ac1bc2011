"""The public face of querysets."""

from rowsmith.execution.prefetch import Prefetch, prefetch_related_objects
from rowsmith.queryset.queryset import EmptyQuerySet, QuerySet
from rowsmith.queryset.raw import RawQuerySet

__all__ = ["EmptyQuerySet", "Prefetch", "QuerySet", "RawQuerySet", "prefetch_related_objects"]
