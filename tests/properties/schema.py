"""The models of the differential test, as data from which both libraries build theirs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

APP = "shop"


@dataclass(frozen=True)
class Column:
    """One field: the name of its class, and its arguments. `to` makes it a relation.

    computed:  what a generated column is computed by, as Python; then `kind` is that of its output field.
    stored:    whether a generated column is stored.
    made:      whether the library adds the column by itself.
    """

    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    to: str | None = None
    computed: str | None = None
    stored: bool = True
    made: bool = False

    @property
    def null(self) -> bool:
        return bool(self.options.get("null"))


@dataclass(frozen=True)
class Table:
    """One model: the columns that it declares itself, its Meta, the models that it inherits from, and its key.

    key:  the columns that are its composite primary key.
    """

    own: dict[str, Column]
    meta: dict[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, Column]:
        """All columns, inherited ones first; the automatic key and the links to parents aside."""
        inherited = [item for parent in self.parents for item in TABLES[parent].columns.items()]
        return {**dict(inherited), **self.own}


def col(kind: str, **options: Any) -> Column:
    return Column(kind, options)


def computed(by: str, kind: str, *, stored: bool = True, **options: Any) -> Column:
    """A generated column; NULL unless nothing that it is computed by can be."""
    return Column(kind, {"null": True, **options}, computed=by, stored=stored)


def key(to: str, *, kind: str = "ForeignKey", on_delete: str = "CASCADE", **options: Any) -> Column:
    return Column(kind, {"on_delete": on_delete, **options}, to)


def many(to: str, **options: Any) -> Column:
    return Column("ManyToManyField", options, to)


TABLES: dict[str, Table] = {
    "Country": Table(
        {
            "code": col("CharField", max_length=2, primary_key=True),
            "name": col("CharField", max_length=40),
            "population": col("PositiveIntegerField", null=True),
            "motto": col("TextField", null=True),
        }
    ),
    "Author": Table(
        {
            "name": col("CharField", max_length=40),
            "slug": col("SlugField", unique=True),
            "age": col("IntegerField", null=True),
            "score": col("FloatField", null=True),
            "balance": col("DecimalField", max_digits=9, decimal_places=2, null=True),
            "born": col("DateField", null=True),
            "joined": col("DateTimeField", null=True),
            "active": col("BooleanField", default=True),
            "token": col("UUIDField", null=True),
            "handle": computed("Upper('slug')", "CharField", max_length=60),
            "older": computed("F('age') + 1", "IntegerField", stored=False),
            "country": key("Country", null=True, related_name="authors", on_delete="SET_NULL"),
            "mentor": key("self", null=True, related_name="pupils", on_delete="SET_NULL"),
            "friends": many("self"),
        }
    ),
    "Profile": Table(
        {
            "author": key("Author", kind="OneToOneField", related_name="profile"),
            "bio": col("TextField", default=""),
            "level": col("SmallIntegerField", null=True),
            "extra": col("JSONField", null=True),
        }
    ),
    "Publisher": Table(
        {
            "name": col("CharField", max_length=40),
            "founded": col("DateField", null=True),
            "listed": col("BooleanField", null=True),
            "country": key("Country", null=True),
        },
        {"ordering": ["name", "-id"]},
    ),
    "Tag": Table(
        {
            "label": col("CharField", max_length=20),
            "weight": col("IntegerField", null=True),
            "parent": key("self", null=True),
        }
    ),
    "Book": Table(
        {
            "title": col("CharField", max_length=60),
            "pages": col("IntegerField", null=True),
            "copies": col("BigIntegerField", default=0),
            "price": col("DecimalField", max_digits=7, decimal_places=2, null=True),
            "rating": col("FloatField", null=True),
            "published": col("DateTimeField", null=True),
            "day": col("DateField", null=True),
            "opens": col("TimeField", null=True),
            "lasts": col("DurationField", null=True),
            "isbn": col("CharField", max_length=13, null=True, unique=True),
            "worth": computed("F('price') * F('copies')", "DecimalField", max_digits=30, decimal_places=2),
            "is_long": computed("Q(pages__gt=7)", "BooleanField", stored=False),
            "heading": computed("Concat(Lower('title'), Value('!'))", "TextField", stored=False),
            "author": key("Author", related_name="books"),
            "editor": key(
                "Author",
                null=True,
                related_name="edited",
                related_query_name="edited_book",
                on_delete="SET_NULL",
            ),
            "publisher": key("Publisher", null=True, on_delete="SET_NULL"),
            "tags": many("Tag", related_name="books"),
            "contributors": many("Author", through="Contribution", related_name="contributed"),
        },
        {"get_latest_by": ["published", "id"]},
    ),
    "Contribution": Table(
        {
            "book": key("Book"),
            "author": key("Author"),
            "role": col("CharField", max_length=10),
            "share": col("IntegerField", null=True),
        }
    ),
    "Review": Table(
        {
            "book": key("Book", related_name="reviews"),
            "stars": col("SmallIntegerField"),
            "text": col("TextField", null=True),
            "at": col("DateTimeField"),
            "reviewer": key("Author", null=True, to_field="slug", related_name="reviews", on_delete="SET_NULL"),
        },
        {"ordering": ["-at", "id"]},
    ),
    "Chapter": Table(
        {
            "book": key("Book", related_name="chapters"),
            "title": col("CharField", max_length=60, null=True),
            "weight": col("IntegerField", db_default=1),
            "grade": col("CharField", max_length=9, db_default="new"),
            "size": computed("Coalesce(Length('title'), 0) * F('weight')", "IntegerField"),
            "_order": Column("IntegerField", made=True),
        },
        {
            "order_with_respect_to": "book",
            "constraints": [("CheckConstraint", {"condition": "Q(size__lt=700) | Q(grade='new')", "name": "'small'"})],
            "indexes": [("Index", {"fields": "['size']", "name": "'chapter_by_size'"})],
        },
    ),
    "Venue": Table(
        {
            "name": col("CharField", max_length=40),
            "rating": col("FloatField", null=True),
            "since": col("DateField", null=True),
            "owner": key("Author", null=True, related_name="venues", on_delete="SET_NULL"),
            "labels": many("Tag", related_name="venues"),
        },
        {"get_latest_by": ["since", "id"]},
    ),
    "Store": Table(
        {
            "stock": col("IntegerField", null=True),
            "open": col("BooleanField", default=True),
            "manager": key("Author", null=True, related_name="stores"),
            "rival": key("self", null=True, related_name="rivals", on_delete="SET_NULL"),
        },
        parents=("Venue",),
    ),
    "Flagship": Table(
        {
            "floors": col("SmallIntegerField", null=True),
            "motto": col("TextField", default=""),
            "publisher": key("Publisher", null=True),
        },
        parents=("Store",),
    ),
    "Licence": Table(
        {
            "number": col("AutoField", primary_key=True),
            "kind": col("CharField", max_length=20),
            "until": col("DateField", null=True),
            "holder": key("Author", null=True, related_name="licences"),
        }
    ),
    "Depot": Table(
        {"area": col("FloatField", null=True), "label": col("CharField", max_length=20, default="")},
        parents=("Venue", "Licence"),
    ),
    "Visit": Table(
        {
            "venue": key("Venue", related_name="visits"),
            "store": key("Store", null=True, related_name="customers", on_delete="SET_NULL"),
            "flagship": key("Flagship", null=True),
            "visitor": key("Author", null=True),
            "note": col("CharField", max_length=20, null=True),
            "paid": col("DecimalField", max_digits=7, decimal_places=2, null=True),
        }
    ),
    "Shelf": Table(
        {
            "room": col("IntegerField"),
            "place": col("CharField", max_length=3),
            "label": col("CharField", max_length=20, null=True),
            "width": col("IntegerField", null=True),
            "keeper": key("Author", null=True, related_name="shelves", on_delete="SET_NULL"),
        },
        key=("room", "place"),
    ),
    "Item": Table(
        {
            "room": col("IntegerField", null=True),
            "place": col("CharField", max_length=3, null=True),
            "note": col("CharField", max_length=20, null=True),
            "book": key("Book", null=True, related_name="items", on_delete="SET_NULL"),
            "shelf": Column(
                "ForeignObject",
                {
                    "on_delete": "DO_NOTHING", "from_fields": ("room", "place"), "to_fields": ("room", "place"),
                    "related_name": "items", "null": True,
                },
                "Shelf",
            ),
        }
    ),
}


def ancestors(model: str) -> list[str]:
    """The models that one inherits from, nearest first."""
    return [name for parent in TABLES[model].parents for name in (parent, *ancestors(parent))]


def keys(model: str) -> list[str]:
    """The names of a model's key and of those that it inherits; by the first all its rows are told."""
    parents = TABLES[model].parents
    if parents:
        return list(dict.fromkeys(name for parent in parents for name in keys(parent)))
    declared = [name for name, c in TABLES[model].own.items() if c.options.get("primary_key")]
    return list(TABLES[model].key) or declared or ["id"]


def descendants(model: str) -> list[str]:
    """The models that inherit from one."""
    return [name for name in TABLES if model in ancestors(name)]


def target_of(model: str, column: Column) -> str:
    assert column.to is not None
    return model if column.to == "self" else column.to


def build(models: ModuleType, module: str) -> dict[str, Any]:
    """The model classes, by name, built from `TABLES` with the field classes of `models`."""
    built: dict[str, Any] = {}
    names = {**vars(models), **vars(importlib.import_module(f"{models.__name__}.functions"))}
    for name, table in TABLES.items():
        meta = {
            option: [
                getattr(models, kind)(**{argument: eval(text, names) for argument, text in arguments.items()})
                for kind, arguments in value
            ]
            if option in ("constraints", "indexes")
            else value
            for option, value in table.meta.items()
        }
        body: dict[str, Any] = {
            "__module__": module,
            "Meta": type("Meta", (), {"app_label": APP, **meta}),
        }
        if table.key:
            body["pk"] = models.CompositePrimaryKey(*table.key)
        for attribute, column in table.own.items():
            if column.made:
                continue
            options = dict(column.options)
            if "on_delete" in options:
                options["on_delete"] = getattr(models, options["on_delete"])
            if isinstance(options.get("through"), str):
                options["through"] = f"{APP}.{options['through']}"
            field_class = getattr(models, column.kind)
            if column.computed is not None:
                options.pop("null")
                body[attribute] = models.GeneratedField(
                    expression=eval(column.computed, names),
                    output_field=field_class(**options),
                    db_persist=column.stored,
                    null=True,
                )
            elif column.to is None:
                body[attribute] = field_class(**options)
            else:
                to = column.to if column.to == "self" else f"{APP}.{column.to}"
                body[attribute] = field_class(to, **options)
        bases = tuple(built[parent] for parent in table.parents) or (models.Model,)
        built[name] = type(models.Model)(name, bases, body)
    return built


@dataclass(frozen=True)
class Link:
    """A relation as a name in a query: where it leads and how many rows it may find."""

    name: str
    target: str
    many: bool
    optional: bool
    forward: bool
    accessor: str | None
    column: Column | None = None


def _links() -> dict[str, dict[str, Link]]:
    links: dict[str, dict[str, Link]] = {name: {} for name in TABLES}
    for model, table in TABLES.items():
        for parent in table.parents:
            up, down = f"{parent.lower()}_ptr", model.lower()
            links[model][up] = Link(up, parent, False, False, True, up, Column("OneToOneField", to=parent))
            links[parent][down] = Link(down, model, False, True, False, down)
        for name, column in table.own.items():
            if column.to is None:
                continue
            target = target_of(model, column)
            to_many = column.kind == "ManyToManyField"
            links[model][name] = Link(name, target, to_many, column.null or to_many, True, name, column)
            if column.kind == "ManyToManyField" and column.to == "self":
                continue
            accessor = column.options.get("related_name")
            query_name = column.options.get("related_query_name") or accessor or model.lower()
            one = column.kind == "OneToOneField"
            if accessor is None:
                accessor = model.lower() if one else f"{model.lower()}_set"
            links[target][query_name] = Link(query_name, target=model, many=not one, optional=True,
                                             forward=False, accessor=accessor)  # fmt: skip
    for model, table in TABLES.items():
        for parent in table.parents:
            # What leads from the parent leads from the child, but for the way down to its children.
            children = {name.lower() for name in TABLES if parent in TABLES[name].parents}
            inherited = {name: link for name, link in links[parent].items() if name not in children}
            links[model] = {**inherited, **links[model]}
    return links


LINKS = _links()

OURS: dict[str, Table] = {
    "Parcel": Table(
        {
            "weight": col("IntegerField", null=True),
            "shelf": key("Shelf", related_name="parcels"),
            "spare": key("Shelf", null=True, related_name="spared", on_delete="SET_NULL"),
            "room": col("IntegerField", null=True),
            "near": key("Shelf", null=True, related_name="nearby", on_delete="DO_NOTHING", from_fields=("room", None)),
            "former": many("Shelf", related_name="once"),
        }
    ),
}
"""Models that Django cannot have: relations to a key of several columns."""


def extend() -> None:
    """Add the models that are rowsmith's alone."""
    TABLES.update(OURS)
    LINKS.update(_links())

KINDS = {
    "AutoField": "int",
    "CharField": "text",
    "TextField": "text",
    "SlugField": "text",
    "IntegerField": "int",
    "SmallIntegerField": "int",
    "BigIntegerField": "int",
    "PositiveIntegerField": "int",
    "FloatField": "float",
    "DecimalField": "decimal",
    "BooleanField": "bool",
    "DateField": "date",
    "DateTimeField": "datetime",
    "TimeField": "time",
    "DurationField": "duration",
    "UUIDField": "uuid",
    "JSONField": "json",
}


def kinds_of(model: str) -> dict[str, str]:
    """The plain columns of a model and what kind of value each holds, the automatic key included."""
    found = {n: KINDS[c.kind] for n, c in TABLES[model].columns.items() if c.to is None}
    return {**found, **{name: "int" for name in keys(model) if name not in found}}


def is_nullable(model: str, name: str) -> bool:
    column = TABLES[model].columns.get(name)
    return column is not None and column.null


def key_kind(model: str) -> str:
    if TABLES[model].key:
        return "row"
    return "text" if model == "Country" else "int"
