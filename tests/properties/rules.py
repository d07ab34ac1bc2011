"""Rules: random constraints, judged for rows that are stored, changed or new, without any table that keeps them."""

from __future__ import annotations

from typing import Any

from tests.properties import data
from tests.properties.program import Bin, Call, Lit, Node, Not
from tests.properties.schema import KINDS, TABLES

MODELS = ["Book", "Book", "Author", "Chapter", "Review", "Tag", "Contribution", "Profile"]


def rule(writer: Any) -> Node:
    """`judged(constraint, instance, ...)`: what the constraint says to the instance."""
    rng = writer.rng
    model = rng.choice(MODELS)
    if rng.random() < 0.45:
        options = (("condition", condition(writer, model)), ("name", Lit("rule")))
        constraint = Call(None, "CheckConstraint", (), options)
    else:
        constraint = unique(writer, model)
    return Call(None, "judged", (constraint, instance(writer, model)), changes(writer, model))


def own(model: str, *, generated: bool = True) -> list[str]:
    """The plain columns of the model itself."""
    columns = TABLES[model].columns.items()
    return [n for n, c in columns if c.to is None and c.kind != "JSONField" and (generated or c.computed is None)]


def condition(writer: Any, model: str, depth: int = 2, *, known: bool = False) -> Node:
    """A Q over the model's own columns; `known`: which are never NULL."""
    rng = writer.rng
    columns = TABLES[model].columns
    # A new row has no place yet.
    names = [n for n in own(model) if not columns[n].made and not (known and columns[n].null)]
    if depth and rng.random() < 0.4:
        sides = [condition(writer, model, depth - 1, known=known) for _ in "ab"]
        joined = Bin(rng.choice("&|"), *sides)
        return Not(joined) if rng.random() < 0.2 else joined
    while True:
        name, value = writer.condition(model, deep=0, many=False)
        if name.split("__")[0] in names and "F(" not in str(value) and ".objects" not in str(value):
            found: Node = Call(None, "Q", (), ((name, value),))
            return Not(found) if rng.random() < 0.2 else found


def unique(writer: Any, model: str) -> Node:
    """A UniqueConstraint of fields or of expressions, perhaps of some rows only."""
    rng = writer.rng
    options: list[tuple[str, Node]] = [("name", Lit("rule"))]
    expressions: list[Node] = []
    if rng.random() < 0.6:
        relations = [n for n, c in TABLES[model].columns.items() if c.kind == "ForeignKey"]
        names = own(model, generated=False) + relations
        options.append(("fields", Lit(rng.sample(names, rng.randint(1, min(2, len(names)))))))
        if rng.random() < 0.3:
            options.append(("nulls_distinct", Lit(rng.random() < 0.3)))
    else:
        expressions = [expression(writer, model) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.4:
        # A row for which the condition is unknown is no row of a partial index; Django says that it breaks the rule.
        options.append(("condition", condition(writer, model, 1, known=True)))
    return Call(None, "UniqueConstraint", tuple(expressions), tuple(options))


def expression(writer: Any, model: str) -> Node:
    rng = writer.rng
    name = rng.choice(own(model))
    column: Node = Call(None, "F", (Lit(name),))
    match KINDS[TABLES[model].columns[name].kind]:
        case "text":
            kind = rng.choice(["Lower", "Upper", "Length", "F"])
            return column if kind == "F" else Call(None, kind, (Lit(name),))
        case "int":
            return Bin(rng.choice("+-*"), column, Lit(rng.randint(1, 3)))
    return column


def instance(writer: Any, model: str) -> Node:
    """A row that is there, or one that is not."""
    if writer.rng.random() < 0.6:
        found: Node = writer.instance(model)
        return found
    values = []
    for name in own(model, generated=False):
        column = TABLES[model].columns[name]
        needed = not column.null and not {"default", "db_default"} & set(column.options)
        if not column.made and (needed or writer.rng.random() < 0.7):
            values.append((name, Lit(plain(writer, model, name))))
    keys = [(f"{n}_id", Lit(writer.key(c.to))) for n, c in TABLES[model].columns.items()
            if c.kind == "ForeignKey" and c.to != "self" and not c.options.get("to_field")]  # fmt: skip
    return Call(None, model, (), (*values, *keys))


def plain(writer: Any, model: str, name: str) -> Any:
    """A value of one column: one that a row has, or another."""
    column = TABLES[model].columns[name]
    stored = writer.stored(model, name)
    if stored is not None and writer.rng.random() < 0.6:
        return stored
    return data.value(writer.rng, KINDS[column.kind], column.options.get("max_length", 60))


def changes(writer: Any, model: str) -> tuple[tuple[str, Node], ...]:
    names = writer.rng.sample([n for n in own(model, generated=False) if n != "_order"], writer.rng.randint(0, 2))
    return tuple((name, Lit(plain(writer, model, name))) for name in names)


def judged(constraint: Any, instance: Any, **values: Any) -> str:
    """What the constraint says to the instance once it has these values."""
    for name, value in values.items():
        setattr(instance, name, value)
    try:
        constraint.validate(type(instance), instance)
    except Exception as error:
        if type(error).__name__ != "ValidationError":
            raise
        return f"broken: {error.code}"  # type: ignore[attr-defined]
    return "kept"


