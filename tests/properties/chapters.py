"""Chapters: random writes to a model whose rows keep places, and whose columns the database fills in and computes."""

from __future__ import annotations

from typing import Any

from tests.properties import data
from tests.properties.program import Call, Get, Lit, Name, Node, Seq


def chapter(writer: Any) -> Node:
    """Making, moving and asking for chapters in their order."""
    rng = writer.rng
    rows = Get(Name("Chapter"), "objects")
    title = ("title", Lit(data.text(rng, 20)))
    book = ("book", writer.instance("Book"))
    weight = (("weight", Lit(data.number(rng))),) if rng.random() < 0.4 else ()
    keys = Seq(tuple(Lit(writer.key("Chapter")) for _ in range(rng.randint(0, 4))))
    ways = ["create", "create", "save", "related", "bulk", "set", "set", "get", "next", "previous", "upsert"]
    match rng.choice(ways):
        case "create":
            return Call(rows, "create", (), (book, title, *weight))
        case "save":
            return Call(None, "change", (Call(None, "Chapter", (), (title, *weight)),), (book,))
        case "related":
            return Call(Get(writer.instance("Book"), "chapters"), "create", (), (title, *weight))
        case "bulk":
            places = [rng.randint(0, 9) for _ in range(rng.randint(1, 3))]
            new = []
            for place in places:
                given = weight if rng.random() < 0.5 else ()
                new.append(Call(None, "Chapter", (), (book, title, ("_order", Lit(place)), *given)))
            return Call(rows, "bulk_create", (Seq(tuple(new)),))
        case "set":
            return Call(None, "arranged", (writer.instance("Book"), keys))
        case "get":
            return Call(None, "list", (Call(writer.instance("Book"), "get_chapter_order"),))
        case "upsert":
            defaults = Lit({"title": data.text(rng, 20)})
            return Call(rows, "update_or_create", (), (book, ("weight", Lit(1)), ("defaults", defaults)))
        case way:
            return Call(writer.instance("Chapter"), f"get_{way}_in_order")
    raise AssertionError
