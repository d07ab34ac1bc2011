"""Checks: mistakes in definitions that can only be seen once all models are there."""

from __future__ import annotations

import datetime
import importlib.util
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rowsmith.exceptions import FieldDoesNotExist, FieldError, did_you_mean
from rowsmith.fields.base import is_expression
from rowsmith.fields.composite import CompositePrimaryKey
from rowsmith.fields.dates import DateField, TimeField
from rowsmith.fields.defaults import NOT_PROVIDED
from rowsmith.fields.files import FileField, FilePathField, ImageField
from rowsmith.fields.numbers import IntegerField
from rowsmith.fields.on_delete import DB_SET_DEFAULT, DB_SET_NULL, SET_DEFAULT, SET_NULL
from rowsmith.metadata.annotations import reverse_accessors
from rowsmith.metadata.composite_checks import check_key, check_together
from rowsmith.metadata.findings import ERROR, WARNING, CheckMessage, error, warning
from rowsmith.metadata.relation_checks import check_link, check_names, check_on_delete, check_tables
from rowsmith.sql import types
from rowsmith.sql.features import Features


def check_models(models: Iterable[Any]) -> list[CheckMessage]:
    """The findings about the models, and about clashes among them."""
    chosen = [model for model in models if not model._meta.swapped]
    found = [message for model in chosen for message in check_model(model)]
    found += _name_clashes(chosen)
    found += check_tables(chosen)
    return found


def check_model(model: Any) -> Iterator[CheckMessage]:
    """The findings about one model and its fields."""
    meta = model._meta
    if meta.proxy:
        yield from _options(model)
        return
    for field in (*meta.local_fields, *meta.local_many_to_many):
        yield from check_field(field)
    yield from _columns(model)
    yield from _options(model)
    yield from _declared_accessors(model)
    own = model.__dict__.get("check")
    if isinstance(own, classmethod):
        yield from own.__get__(None, model)()


def check_field(field: Any) -> Iterator[CheckMessage]:
    """The findings about one field; a field class may add its own by a method `check`."""
    for check in _FIELD_CHECKS:
        yield from check(field)
    if field.generated:
        yield from _output_field(field)
    if field.is_relation:
        yield from _relation(field)
    own = getattr(field, "check", None)
    if callable(own):
        yield from own()


# Fields -------------------------------------------------------------------------------------------------------------


def _name(field: Any) -> Iterator[CheckMessage]:
    if field.name.endswith("_"):
        yield error("Field names must not end with an underscore.", field, "fields.E001")
    elif "__" in field.name:
        yield error("Field names must not contain '__', which separates names in queries.", field, "fields.E002")
    elif field.name == "pk" and not isinstance(field, CompositePrimaryKey):
        yield error("'pk' is a reserved word that cannot be used as a field name.", field, "fields.E003")
    elif field.name == "check":
        yield error("A field named 'check' would hide the method Model.check().", field, "models.E020")


def _index(field: Any) -> Iterator[CheckMessage]:
    if field.db_index not in (None, True, False):
        yield error("'db_index' must be None, True or False.", field, "fields.E006")


def _key(field: Any) -> Iterator[CheckMessage]:
    if field.primary_key and field.null and not field.generated:
        yield error(
            "Primary keys must not have null=True.",
            field,
            "fields.E007",
            hint="Set null=False on the field, or remove primary_key=True argument.",
        )
    if hasattr(type(field), "db_returning") and type(field).__name__.endswith("AutoField") and not field.primary_key:
        yield error("AutoFields must set primary_key=True.", field, "fields.E100")


def _validators(field: Any) -> Iterator[CheckMessage]:
    for number, validator in enumerate(field.validators):
        if not callable(validator):
            yield error(
                "All 'validators' must be callable.",
                field,
                "fields.E008",
                hint=f"validators[{number}] ({validator!r}) isn't a function or instance of a validator class.",
            )


def _choices(field: Any) -> Iterator[CheckMessage]:
    if field.choices is None or field.max_length is None:
        return
    longest = max((len(value) for value, _ in field.flatchoices if isinstance(value, str)), default=0)
    if longest > field.max_length:
        yield error(
            f"'max_length' is too small to fit the longest value in 'choices' ({longest} characters).",
            field,
            "fields.E009",
        )


def _defaults(field: Any) -> Iterator[CheckMessage]:
    if isinstance(field.default, list | dict | set) and not field.is_relation:
        yield warning(
            f"{type(field).__name__} default should be a callable instead of an instance so that it's not shared "
            "between all field instances.",
            field,
            "fields.E010",
            hint=f"Use a callable instead, e.g., use `{type(field.default).__name__}` instead of `{field.default!r}`.",
        )
    if type(field).__name__ == "BinaryField" and isinstance(field.default, str):
        yield error("BinaryField's default cannot be a string. Use bytes content instead.", field, "fields.E170")
    if field.db_default is not NOT_PROVIDED and is_expression(field.db_default):
        allowed = getattr(field.db_default, "allowed_default", True)
        if not allowed:
            yield error(f"{field.db_default!r} cannot be used in db_default.", field, "fields.E012")


def _automatic(field: Any) -> Iterator[CheckMessage]:
    automatic = [getattr(field, "auto_now", False), getattr(field, "auto_now_add", False), field.has_default()]
    if sum(bool(option) for option in automatic) > 1:
        yield error(
            "The options auto_now, auto_now_add, and default are mutually exclusive. Only one of these options may be "
            "present.",
            field,
            "fields.E160",
        )


def _fixed_moment(field: Any) -> Iterator[CheckMessage]:
    """A default that is the moment at which the class was defined, which hardly anybody means."""
    default = field.default
    if not isinstance(field, DateField | TimeField) or callable(default):
        return
    now = datetime.datetime.now(getattr(default, "tzinfo", None))
    if isinstance(default, datetime.datetime):
        fixed = abs(now - default) < datetime.timedelta(seconds=10)
    elif isinstance(default, datetime.time):
        fixed = abs(now - datetime.datetime.combine(now.date(), default)) < datetime.timedelta(seconds=10)
    else:
        fixed = default == now.date()
    if fixed:
        yield warning(
            "Fixed default value provided.",
            field,
            "fields.W161",
            hint="The default is the time at which the model was defined. Give a callable, such as "
            "rowsmith.timezone.now, for the time at which each instance is made.",
        )


def _sizes(field: Any) -> Iterator[CheckMessage]:
    if hasattr(field, "max_digits"):
        digits, places = field.max_digits, field.decimal_places
        if (digits is None) != (places is None):
            yield error(
                "DecimalFields must define both 'max_digits' and 'decimal_places', or neither.", field, "fields.E135"
            )
        elif digits is not None:
            if not isinstance(places, int) or places < 0:
                yield error("'decimal_places' must be a non-negative integer.", field, "fields.E131")
            elif not isinstance(digits, int) or digits <= 0:
                yield error("'max_digits' must be a positive integer.", field, "fields.E133")
            elif places > digits:
                yield error("'max_digits' must be greater or equal to 'decimal_places'.", field, "fields.E134")
    if field.max_length is not None and isinstance(field, IntegerField) and not field.generated:
        yield warning(
            f"'max_length' is ignored when used with {type(field).__name__}.",
            field,
            "fields.W122",
            hint="Remove 'max_length' from field",
        )
    if field.get_internal_type() in ("CharField", "SlugField") and field.max_length is not None:
        length = field.max_length
        if isinstance(length, bool) or not isinstance(length, int) or length <= 0:
            yield error("'max_length' must be a positive integer.", field, "fields.E121")
    if getattr(field, "protocol", None) is not None and field.blank and not field.null:
        yield error(
            "GenericIPAddressFields cannot have blank=True if null=False, as blank values are stored as nulls.",
            field,
            "fields.E150",
        )


def _files(field: Any) -> Iterator[CheckMessage]:
    if isinstance(field, FileField) and isinstance(field.upload_to, str) and field.upload_to.startswith("/"):
        yield error(f"{type(field).__name__}'s 'upload_to' argument must be a relative path.", field, "fields.E202")
    if isinstance(field, ImageField):
        for option in ("width_field", "height_field"):
            yield from _known_option(field, option)
    if isinstance(field, ImageField) and importlib.util.find_spec("PIL") is None:
        yield error(
            "Cannot use ImageField because Pillow is not installed.",
            field,
            "fields.E210",
            hint="Run: python -m pip install Pillow",
        )
    if isinstance(field, FilePathField) and not field.allow_files and not field.allow_folders:
        yield error(
            "FilePathFields must have either 'allow_files' or 'allow_folders' set to True.", field, "fields.E140"
        )


def _known_option(field: Any, option: str) -> Iterator[CheckMessage]:
    """An option that names another field of the model."""
    name = getattr(field, option, None)
    if name is not None and name not in field.model._meta.fields_map:
        known = [other.name for other in field.model._meta.fields]
        yield error(
            f"{option!r} names the nonexistent field {name!r}.{did_you_mean(name, known)}",
            field,
            "rowsmith.E108",
            hint=f"{field.model._meta.object_name} has: {', '.join(known)}.",
        )


def _dates(field: Any) -> Iterator[CheckMessage]:
    """What is to be unique within a day, a month or a year of another field."""
    for option in ("unique_for_date", "unique_for_month", "unique_for_year"):
        name = getattr(field, option)
        if name is None:
            continue
        other = field.model._meta.fields_map.get(name)
        if other is None:
            yield from _known_option(field, option)
        elif not isinstance(other.sql_type, types.Date | types.DateTime):
            yield error(
                f"{option!r} names {name!r}, which is neither a DateField nor a DateTimeField.", field, "rowsmith.E109"
            )


def _lifetime(field: Any) -> Iterator[CheckMessage]:
    for details, level, code in (
        (field.system_check_removed_details, ERROR, "fields.E900"),
        (field.system_check_deprecated_details, WARNING, "fields.W900"),
    ):
        if details:
            msg = details.get("msg", f"{type(field).__name__} is leaving.")
            yield CheckMessage(level, msg, details.get("hint"), field, details.get("id", code))
            return


_FIELD_CHECKS: tuple[Callable[[Any], Iterator[CheckMessage]], ...] = (
    _name, _index, _key, _validators, _choices, _defaults, _automatic, _fixed_moment, _sizes, _files, _dates,
    _lifetime,
)  # fmt: skip


def _output_field(field: Any) -> Iterator[CheckMessage]:
    """What is wrong with the field that says what a generated column holds."""
    found = [message for message in check_field(field.output_field) if message.id not in _NOT_OF_OUTPUT]
    for serious, level, code in ((True, "errors", "fields.E223"), (False, "warnings", "fields.W224")):
        told = [f"    {message.msg} ({message.id})" for message in found if message.is_serious() is serious]
        if told:
            text = "\n".join([f"GeneratedField.output_field has {level}:", *told])
            yield CheckMessage(ERROR if serious else WARNING, text, None, field, code)


# The name is the generated field's own, and it is told there.
_NOT_OF_OUTPUT = frozenset({"fields.E001", "fields.E002", "fields.E003", "models.E020"})


# Relations ----------------------------------------------------------------------------------------------------------


def _relation(field: Any) -> Iterator[CheckMessage]:
    if not field.is_resolved:
        yield error(
            f"Field defines a relation with model {field.remote_field.model!r}, which is either not installed, or is "
            "abstract.",
            field,
            "fields.E300",
            hint="Define the model, import the module that does, or correct the name.",
        )
        return
    if field.related_model._meta.abstract:
        yield error(
            f"Field defines a relation with model {field.related_model.__name__!r}, which is abstract.",
            field,
            "fields.E300",
        )
        return
    swapped = field.related_model._meta.swapped
    if swapped:
        yield error(
            f"Field defines a relation with the model {field.related_model._meta.label!r}, which has been swapped out.",
            field,
            "fields.E301",
            hint=f"Refer to {swapped!r}, which the configuration has put in its place.",
        )
        return
    yield from check_names(field)
    yield from _reverse_clashes(field)
    if field.many_to_many:
        yield from _linking(field)
    else:
        yield from _foreign_key(field)


def _foreign_key(field: Any) -> Iterator[CheckMessage]:
    if field.column is None:
        yield from check_together(field)
        if hasattr(field, "db_constraint"):
            yield from check_on_delete(field)
        return
    try:
        target = field.target_field
    except FieldDoesNotExist:
        yield error(
            f"The to_field {field.remote_field.field_name!r} doesn't exist on the related model "
            f"{field.related_model._meta.label!r}.",
            field,
            "fields.E312",
        )
        return
    alone = [(target.name,)]
    if not target.unique and not any(c.fields == alone[0] for c in target.model._meta.total_unique_constraints):
        yield error(
            f"'{field.related_model.__name__}.{target.name}' must be unique because it is referenced by a foreign key.",
            field,
            "fields.E311",
            hint="Add unique=True to this field or add a UniqueConstraint (without condition) in Meta.constraints.",
        )
    action = field.remote_field.on_delete
    if action in (SET_NULL, DB_SET_NULL) and not field.null:
        yield error(
            f"Field specifies on_delete={action.name}, but cannot be null.",
            field,
            "fields.E320",
            hint="Set null=True argument on the field, or change the on_delete rule.",
        )
    elif action == SET_DEFAULT and not field.has_default():
        yield error(
            "Field specifies on_delete=SET_DEFAULT, but has no default value.",
            field,
            "fields.E321",
            hint="Set a default value, or change the on_delete rule.",
        )
    elif action == DB_SET_DEFAULT and not field.has_db_default():
        yield error(
            "Field specifies on_delete=DB_SET_DEFAULT, but has no db_default value.",
            field,
            "fields.E322",
            hint="Set a db_default value, or change the on_delete rule.",
        )
    yield from check_on_delete(field)
    if field.many_to_one and field.unique and not field.primary_key:
        yield warning(
            "Setting unique=True on a ForeignKey has the same effect as using a OneToOneField.",
            field,
            "fields.W342",
            hint="ForeignKey(unique=True) is usually better served by a OneToOneField.",
        )


def _linking(field: Any) -> Iterator[CheckMessage]:
    rel = field.remote_field
    if field.unique:
        yield error("ManyToManyFields cannot be unique.", field, "fields.E330")
    if field.null:
        yield warning("null has no effect on ManyToManyField.", field, "fields.W340")
    if field.db_comment:
        yield warning("db_comment has no effect on ManyToManyField.", field, "fields.W346")
    if field._validators:
        yield warning("ManyToManyField does not support validators.", field, "fields.W341")
    if isinstance(rel.through, str):
        yield error(
            f"Field specifies a many-to-many relation through model {rel.through!r}, which has not been installed.",
            field,
            "fields.E331",
        )
        return
    if rel.through._meta.auto_created:
        return
    if rel.through_fields is None:
        yield from _ambiguity(field)
    yield from check_link(field)


def _ambiguity(field: Any) -> Iterator[CheckMessage]:
    """More foreign keys of the linking model than there are sides to take them."""
    through = field.remote_field.through
    here, there = field.model._meta.concrete_model, field.related_model._meta.concrete_model
    targets = [
        key.related_model._meta.concrete_model for key in through._meta.fields if key.is_relation and key.is_resolved
    ]
    hint = "Use through_fields to specify which two foreign keys should be used."
    if here is there:
        if targets.count(here) > 2:
            yield error(
                f"The model is used as an intermediate model by {field}, but it has more than two foreign keys to "
                f"{here.__name__!r}, which is ambiguous.",
                field,
                "fields.E333",
                hint=hint,
            )
        return
    for side, code in ((here, "fields.E334"), (there, "fields.E335")):
        if targets.count(side) > 1:
            yield error(
                f"The model is used as an intermediate model by {field}, but it has more than one foreign key to "
                f"{side.__name__!r}, which is ambiguous.",
                field,
                code,
                hint=hint,
            )


def _reverse_clashes(field: Any) -> Iterator[CheckMessage]:
    """The names that a relation takes on the other model, beside those that are taken there."""
    rel = field.remote_field
    if rel.hidden:
        return
    target = field.related_model._meta
    here = f"{field.model._meta.object_name}.{field.name}"
    accessor, query_name = rel.get_accessor_name(), rel.name
    hint = f"Rename field '{{there}}', or add/change a related_name argument to the definition for field '{here}'."
    for other in (*target.fields, *target.many_to_many):
        there = f"{target.object_name}.{other.name}"
        if other.name == accessor:
            yield error(
                f"Reverse accessor '{target.object_name}.{accessor}' for '{here}' clashes with field name '{there}'.",
                field,
                "fields.E302",
                hint=hint.format(there=there),
            )
        if other.name == query_name:
            yield error(
                f"Reverse query name for '{here}' clashes with field name '{there}'.",
                field,
                "fields.E303",
                hint=hint.format(there=there),
            )
    if accessor in target.managers_map:
        yield error(
            f"Reverse accessor '{target.object_name}.{accessor}' for '{here}' clashes with a manager of that name.",
            field,
            "fields.E348",
            hint=hint.format(there=f"{target.object_name}.{accessor}"),
        )
    for other in target.all_reverse:
        if other is rel or other.hidden:
            continue
        there = f"{other.field.model._meta.object_name}.{other.field.name}"
        both = f"Add or change a related_name argument to the definition for '{here}' or '{there}'."
        if other.get_accessor_name() == accessor:
            yield error(
                f"Reverse accessor '{target.object_name}.{accessor}' for '{here}' clashes with reverse accessor for "
                f"'{there}'.",
                field,
                "fields.E304",
                hint=both,
            )
        if other.name == query_name:
            yield error(
                f"Reverse query name for '{here}' clashes with reverse query name for '{there}'.",
                field,
                "fields.E305",
                hint=both,
            )


# Models -------------------------------------------------------------------------------------------------------------


def _columns(model: Any) -> Iterator[CheckMessage]:
    taken: dict[str, Any] = {}
    names: dict[str, Any] = {}
    for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
        if field.column is not None:
            if field.column in taken:
                yield error(
                    f"Field {field.name!r} has column name {field.column!r} that is used by another field, "
                    f"{taken[field.column].name!r}.",
                    model,
                    "models.E007",
                    hint="Specify a 'db_column' for the field.",
                )
            taken.setdefault(field.column, field)
        for name in {field.name, field.attname}:
            if name in names:
                yield error(
                    f"The field {field.name!r} clashes with the field {names[name].name!r} on model "
                    f"{model._meta.label!r}.",
                    field,
                    "models.E006",
                )
            names.setdefault(name, field)
    key = model._meta.fields_map.get("id")
    if key is not None and key not in model._meta.pk_fields and key.model is model:
        yield error(
            "'id' can only be used as a field name if the field also sets 'primary_key=True'.", model, "models.E004"
        )
    if model.__name__.startswith("_") or model.__name__.endswith("_"):
        yield error(
            f"The model name {model.__name__!r} cannot start or end with an underscore as it collides with the query "
            "lookup syntax.",
            model,
            "models.E023",
        )
    elif "__" in model.__name__ and not model._meta.auto_created:
        yield error(
            f"The model name {model.__name__!r} cannot contain double underscores as it collides with the query "
            "lookup syntax.",
            model,
            "models.E024",
        )


def _options(model: Any) -> Iterator[CheckMessage]:
    meta = model._meta
    yield from check_key(model)
    for names in meta.unique_together:
        yield from _known_names(model, names, "unique_together")
    for index in meta.indexes:
        yield from _known_names(model, [name for name, _ in index.fields_orders], "indexes")
        yield from _known_names(model, index.include, "indexes")
        if index.searched:
            yield from _documents(model, index)
        if index.name and (index.name[0] == "_" or index.name[0].isdigit()):
            yield error(
                f"The index name {index.name!r} cannot start with an underscore or a number.", model, "models.E033"
            )
        if len(index.name) > index.max_name_length:
            yield error(
                f"The index name {index.name!r} cannot be longer than {index.max_name_length} characters.",
                model,
                "models.E034",
            )
    for constraint in meta.constraints:
        yield from _known_names(model, getattr(constraint, "fields", ()), "constraints")
        yield from _known_names(model, getattr(constraint, "include", ()), "constraints")
    for name in meta.required_db_features:
        if name not in Features.__match_args__:
            known = sorted(Features.__match_args__)
            yield error(
                f"'required_db_features' names {name!r}, which is no feature.{did_you_mean(name, known)}",
                model,
                "rowsmith.E106",
                hint=f"Features: {', '.join(known)}.",
            )
    yield from _ordering(model)


def _documents(model: Any, index: Any) -> Iterator[CheckMessage]:
    """What keeps the texts of a search index from being found."""
    try:
        index.documents(model)
    except FieldError as problem:
        yield error(str(problem), model, "rowsmith.E131")


def _declared_accessors(model: Any) -> Iterator[CheckMessage]:
    """Accessors that a class body declares for type checkers, and that no relation makes."""
    made = {rel.get_accessor_name(): rel for rel in model._meta.all_reverse if not rel.hidden and rel.multiple}
    for name, target in reverse_accessors(model):
        rel = made.get(name)
        if rel is None:
            yield error(
                f"The model declares the accessor '{name}', which no relation of another model makes.",
                model,
                "rowsmith.E121",
                hint=(did_you_mean(name, [found for found in made if found]).strip() or None)
                or f"Name it in the relation: ForeignKey({model.__name__}, ..., related_name={name!r}).",
            )
        elif target is not None and rel.related_model.__name__ != target:
            yield error(
                f"The accessor '{name}' leads to {rel.related_model.__name__}, not to {target}.",
                model,
                "rowsmith.E122",
                hint=f"Declare {name}: models.Reverse[{rel.related_model.__name__}].",
            )


def _known_names(model: Any, names: Iterable[str], option: str) -> Iterator[CheckMessage]:
    fields = model._meta.fields_map
    for name in names:
        field = fields.get(name)
        if field is None:
            yield error(f"{option!r} refers to the nonexistent field {name!r}.", model, "models.E012")
        elif isinstance(field, CompositePrimaryKey):
            yield error(
                f"{option!r} refers to a CompositePrimaryKey {name!r}, but CompositePrimaryKeys are not permitted in "
                f"{option!r}.",
                model,
                "models.E048",
            )
        elif field.many_to_many:
            yield error(
                f"{option!r} refers to a ManyToManyField {name!r}, but ManyToManyFields are not permitted in "
                f"{option!r}.",
                model,
                "models.E013",
            )
        elif field.model is not model._meta.concrete_model:
            yield error(
                f"{option!r} refers to field {name!r} which is not local to model {model.__name__!r}.",
                model,
                "models.E016",
                hint=f"Its column is in the table of {field.model.__name__}: say it in the Meta of that model.",
            )


def _ordering(model: Any) -> Iterator[CheckMessage]:
    meta = model._meta
    if not isinstance(meta.ordering, list | tuple):
        yield error(
            "'ordering' must be a tuple or list (even if you want to order by only one field).", model, "models.E014"
        )
        return
    if meta.ordering_clash:
        yield error("'ordering' and 'order_with_respect_to' cannot be used together.", model, "models.E021")
    if meta.order_with_respect_to is not None and not meta.order_with_respect_to.is_relation:
        yield error(
            f"'order_with_respect_to' names {meta.order_with_respect_to.name!r}, which is not a foreign key.",
            model,
            "rowsmith.E107",
            hint="Name the foreign key to the parent among whose rows each one has its place.",
        )
    for item in meta.ordering:
        if not isinstance(item, str) or item == "?":
            continue
        path = item.removeprefix("-").split("__")
        current = meta
        for name in path:
            if name == "pk":
                break
            field = current.names.get(name) if current is not None else None
            if field is None:
                # What follows a column may be a transform, which is registered on its type.
                if current is not None:
                    yield error(
                        f"'ordering' refers to the nonexistent field, related field, or lookup {item!r}.",
                        model,
                        "models.E015",
                    )
                break
            if field.many_to_many:
                yield error(
                    f"'ordering' refers to {item!r}, a relation to many rows, which would repeat the rows.",
                    model,
                    "models.E015",
                )
                break
            related = getattr(field, "is_relation", False) and name == getattr(field, "name", name)
            current = field.related_model._meta if related else None


def _name_clashes(models: list[Any]) -> Iterator[CheckMessage]:
    tables: dict[str, list[Any]] = defaultdict(list)
    indexes: dict[str, list[Any]] = defaultdict(list)
    constraints: dict[str, list[Any]] = defaultdict(list)
    for model in models:
        meta = model._meta
        if meta.managed and not meta.proxy:
            tables[meta.db_table].append(model)
            for index in meta.indexes:
                indexes[index.name].append(model)
            for constraint in meta.constraints:
                constraints[constraint.name].append(model)
    for kind, found, alone, code in (
        ("db_table", tables, "models.E028", "models.E028"),
        ("index name", indexes, "models.E029", "models.E030"),
        ("constraint name", constraints, "models.E031", "models.E032"),
    ):
        for name, owners in found.items():
            if len(owners) > 1:
                labels = sorted({owner._meta.label for owner in owners})
                if len(labels) == 1:
                    yield error(f"{kind} {name!r} is not unique for model {labels[0]}.", owners[0], alone)
                else:
                    yield error(f"{kind} {name!r} is not unique among models: {', '.join(labels)}.", owners[0], code)
