"""Values of relations: instances and keys that stand for each other on the right of a lookup."""

from __future__ import annotations

from typing import Any


class RelatedKey:
    """The key of a relation, as a field that takes instances too.

    relation:  the relation, for messages and for the model that instances must have.
    key:       the field on the related model whose value stands for the instance.
    """

    is_relation = True

    def __init__(self, relation: Any, key: Any) -> None:
        self.relation = relation
        self.key = key
        self.related_model = relation.related_model
        while getattr(key, "is_relation", False):
            key = key.target_field
        self.integer_range = getattr(key, "integer_range", None)
        self.prep_types = frozenset(getattr(key, "prep_types", ()))
        self._prepare = key.get_prep_value

    def get_prep_value(self, value: Any) -> Any:
        """The key that `value`, an instance or a key, stands for; ValueError for the wrong or an unsaved instance."""
        if hasattr(value, "_meta"):
            value = self._key_of(value)
        return self._prepare(value)

    def _key_of(self, instance: Any) -> Any:
        check_model(instance._meta, self.related_model, repr(instance))
        field = self.key
        while field.is_relation and not isinstance(instance, field.model):
            # An ancestor of the row that is meant has the same key under another name.
            field = field.target_field
        key = getattr(instance, field.attname)
        while hasattr(key, "_meta"):
            key = key.pk
        if key is None or not instance._is_pk_set():
            raise ValueError(
                f"{instance!r} is not saved yet, so no row can refer to it. Save it before it is used in a query."
            )
        return key


def check_model(options: Any, expected: Any, described: str) -> None:
    """Raise ValueError unless instances of `options` may stand where `expected` is asked for."""
    wanted = expected._meta.concrete_model
    found = options.concrete_model
    if found is wanted or issubclass(found, wanted) or issubclass(wanted, found):
        return
    raise ValueError(f"Cannot query {described}: it must be of {expected._meta.label}, not of {options.label}.")
