"""Histories of the awkward kinds: what rows hold is there after each step."""

from __future__ import annotations

import datetime

from rowsmith import migrations as m
from rowsmith import models
from rowsmith.models.functions import Lower


def key():
    return ("id", models.BigAutoField(primary_key=True))


def test_a_child_follows_its_parent(history):
    history(m.CreateModel("P", [key(), ("a", models.IntegerField())]))
    history(
        m.CreateModel(
            "C",
            [
                (
                    "p_ptr",
                    models.OneToOneField(
                        "shop.p",
                        models.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        auto_created=True,
                        serialize=False,
                    ),
                ),
                ("b", models.IntegerField()),
            ],
            bases=("shop.p",),
        )
    )
    history.model("C").objects.create(a=1, b=2)
    history(m.AddField("P", "x", models.IntegerField(default=4)))
    assert history.model("C").objects.get().x == 4
    history(m.AddField("C", "y", models.IntegerField(default=5)))
    history(m.AlterField("P", "id", models.IntegerField(primary_key=True)))
    history(m.AlterField("P", "id", models.CharField(max_length=9, primary_key=True)))
    assert history.model("C").objects.get().pk == "1"
    history(m.RenameField("P", "a", "aa"))
    history(m.RenameModel("P", "Parent"))
    r = history.model("C").objects.get()
    assert (r.aa, r.b, r.x, r.y) == (1, 2, 4, 5)
    for _ in range(6):
        history.undo()
    assert history.model("C").objects.get().a == 1


def test_a_model_linked_to_itself(history):
    history(m.CreateModel("N", [key(), ("friends", models.ManyToManyField("self"))]))
    a = history.model("N").objects.create()
    b = history.model("N").objects.create()
    a.friends.add(b)
    history(m.RenameModel("N", "M"))
    assert history.model("M").objects.get(pk=1).friends.count() == 1
    history(m.RenameField("M", "friends", "pals"))
    assert history.model("M").objects.get(pk=1).pals.count() == 1
    history(m.AlterField("M", "id", models.CharField(max_length=9, primary_key=True)))
    assert history.model("M").objects.get(pk="1").pals.count() == 1
    history.undo()
    history.undo()
    history.undo()
    assert history.model("N").objects.get(pk=1).friends.count() == 1


def test_a_relation_becomes_one_to_one_and_a_number(history):
    history(
        m.CreateModel("A", [key()]), m.CreateModel("B", [key(), ("a", models.ForeignKey("shop.a", models.CASCADE))])
    )
    history.model("B").objects.create(a=history.model("A").objects.create())
    history(m.AlterField("B", "a", models.OneToOneField("shop.a", models.CASCADE)))
    assert history.model("A").objects.get().b
    history(m.AlterField("B", "a", models.IntegerField()))
    history(m.RenameField("B", "a", "n"))
    history(m.AlterField("B", "n", models.IntegerField(db_column="q")))
    assert history.model("B").objects.get().n == 1
    for _ in range(4):
        history.undo()
    assert history.model("B").objects.get().a_id == 1


def test_a_relation_leads_elsewhere(history):
    history(
        m.CreateModel("A", [key()]),
        m.CreateModel("Z", [key()]),
        m.CreateModel("B", [key(), ("a", models.ForeignKey("shop.a", models.CASCADE))]),
    )
    a = history.model("A").objects.create()
    history.model("Z").objects.create()
    history.model("B").objects.create(a=a)
    history(m.AlterField("B", "a", models.ForeignKey("shop.z", models.CASCADE)))
    assert history.model("B").objects.get().a._meta.model_name == "z"
    history.undo()
    assert history.model("B").objects.get().a._meta.model_name == "a"


def test_a_generated_column_follows_what_it_is_computed_from(history):
    history(m.CreateModel("A", [key(), ("n", models.CharField(max_length=9))]))
    history.model("A").objects.create(n="Ab")
    history(
        m.AddField(
            "A",
            "low",
            models.GeneratedField(
                expression=Lower("n"), output_field=models.CharField(max_length=9), db_persist=True
            ),
        )
    )
    assert history.model("A").objects.get().low == "ab"
    history(m.AddField("A", "z", models.IntegerField(default=1)))
    history(m.RenameField("A", "n", "nn"))
    assert history.model("A").objects.get().low == "ab"
    history(m.AddIndex("A", models.Index(Lower("nn"), name="ix")))
    history(m.RenameField("A", "nn", "mm"))
    history(m.RemoveField("A", "low"))
    history(m.RemoveIndex("A", "ix"))
    history(m.RemoveField("A", "mm"))


def test_relations_to_a_key_of_several_columns_follow_it(history):
    history(
        m.CreateModel(
            "T",
            [
                ("pk", models.CompositePrimaryKey("a", "b")),
                ("a", models.IntegerField()),
                ("b", models.IntegerField()),
                ("n", models.IntegerField(default=1)),
            ],
        )
    )
    history.model("T").objects.create(a=1, b=2)
    history(m.CreateModel("L", [key(), ("t", models.ForeignKey("shop.t", models.CASCADE))]))
    history.model("L").objects.create(t=history.model("T").objects.get())
    history(m.AddField("T", "x", models.IntegerField(default=3)))
    history(m.AlterField("T", "n", models.BigIntegerField(default=1)))
    history(m.AddField("L", "t2", models.ForeignKey("shop.t", models.CASCADE, null=True, related_name="+")))
    history(m.RenameField("T", "a", "aa"))
    assert history.model("T").objects.get().aa == 1
    assert history.model("L").objects.get().t.x == 3
    history(m.RenameField("L", "t", "tt"))
    assert history.model("L").objects.get().tt.pk == (1, 2)
    history(m.RenameModel("T", "TT"))
    assert history.model("L").objects.get().tt.pk == (1, 2)
    history(m.RemoveField("L", "t2"))
    for _ in range(7):
        history.undo()
    assert history.model("T").objects.count() == 1


def test_uniqueness_and_defaults_come_and_go(history):
    history(m.CreateModel("A", [key(), ("n", models.CharField(max_length=9, null=True, unique=True))]))
    history.model("A").objects.create(n="x")
    history(
        m.AlterField(
            "A",
            "n",
            models.TextField(
                null=True, db_index=True, db_collation="C" if history.connection.vendor == "postgresql" else "nocase"
            ),
        )
    )
    history.undo()
    history(m.AlterField("A", "n", models.SlugField(null=True)))
    history.undo()
    history(m.AlterField("A", "n", models.CharField(max_length=9, db_default="q", null=True)))
    history(m.AlterField("A", "n", models.CharField(max_length=9, db_default="r")))
    history.model("A").objects.create()
    assert history.model("A").objects.filter(n="r").exists()
    history(m.AlterField("A", "n", models.CharField(max_length=9)))
    history(m.AddField("A", "w", models.DateTimeField(auto_now=True)))
    history(m.AddField("A", "u", models.UUIDField(null=True, unique=True)))
    history(m.RemoveField("A", "w"))


def test_another_column_becomes_the_key(history):
    history(m.CreateModel("A", [key(), ("n", models.CharField(max_length=9, unique=True))]))
    history.model("A").objects.create(n="x")
    history(m.RemoveField("A", "id"), m.AlterField("A", "n", models.CharField(max_length=9, primary_key=True)))
    assert history.model("A").objects.get(pk="x")


def test_a_counted_key_takes_the_place_of_another(history):
    history(m.CreateModel("A", [("n", models.CharField(max_length=9, primary_key=True))]))
    history.model("A").objects.create(n="x")
    history.model("A").objects.create(n="y")
    history(
        m.AlterField("A", "n", models.CharField(max_length=9)),
        m.AddField("A", "id", models.BigAutoField(primary_key=True, serialize=False)),
    )
    assert sorted(history.model("A").objects.values_list("pk", flat=True)) == [1, 2]


def test_a_number_is_counted_up(history):
    history(m.CreateModel("A", [("id", models.IntegerField(primary_key=True))]))
    history.model("A").objects.create(id=5)
    history(m.AlterField("A", "id", models.BigAutoField(primary_key=True)))
    assert history.model("A").objects.create().pk == 6
    history(m.AlterField("A", "id", models.AutoField(primary_key=True)))
    assert history.model("A").objects.create().pk == 7
    history.undo()
    history.undo()


def test_names_with_blanks(history):
    history(
        m.CreateModel("A", [key()], {"db_table": "weird name"}),
        m.CreateModel("B", [key(), ("a", models.ForeignKey("shop.a", models.CASCADE, db_column="The A"))]),
    )
    history.model("B").objects.create(a=history.model("A").objects.create())
    history(m.AddField("B", "x", models.IntegerField(default=1)))
    history(m.AlterField("B", "x", models.TextField(default="")))
    history(m.AlterField("A", "id", models.CharField(max_length=20, primary_key=True)))
    history(m.RemoveField("B", "a"))


def test_values_of_all_kinds(history):
    history(m.CreateModel("A", [key(), ("t", models.TextField())]))
    history.model("A").objects.create(t='{"a": 1}')
    history(m.AlterField("A", "t", models.JSONField()))
    assert history.model("A").objects.get().t == {"a": 1}
    history(m.AlterField("A", "t", models.TextField()))
    history.undo()
    history(m.AddField("A", "d", models.DurationField(default=datetime.timedelta(hours=1))))
    history(m.AddField("A", "i", models.GenericIPAddressField(default="::1")))
    history(m.AddField("A", "f", models.FloatField(default=1e300)))
    history(m.AddField("A", "tm", models.TimeField(auto_now=True)))
    r = history.model("A").objects.get()
    assert r.f == 1e300 and r.i == "::1", (r.f, r.i)


def test_a_parent_that_orders_rows_is_renamed(history):
    history(
        m.CreateModel("A", [key()]),
        m.CreateModel(
            "B", [key(), ("a", models.ForeignKey("shop.a", models.CASCADE))], {"order_with_respect_to": "a"}
        ),
    )
    history.model("B").objects.create(a=history.model("A").objects.create())
    history(m.AddField("B", "x", models.IntegerField(default=1)))
    history(m.RenameField("B", "a", "aa"))
    assert history.model("B").objects.get()._order == 0
    history(m.AlterOrderWithRespectTo("B", None))
    history.undo()


def test_models_that_link_others_are_renamed(history):
    history(
        m.CreateModel("A", [key()]),
        m.CreateModel("B", [key()]),
        m.CreateModel(
            "L",
            [
                key(),
                ("a", models.ForeignKey("shop.a", models.CASCADE)),
                ("b", models.ForeignKey("shop.b", models.CASCADE)),
            ],
        ),
        m.AddField("A", "bs", models.ManyToManyField("shop.b", through="shop.l")),
    )
    history.model("L").objects.create(a=history.model("A").objects.create(), b=history.model("B").objects.create())
    history(m.RenameModel("L", "Link"))
    assert history.model("A").objects.get().bs.count() == 1
    history(m.AlterField("A", "bs", models.ManyToManyField("shop.b", through="shop.link", related_name="as_")))
    history(m.RenameModel("B", "BB"))
    assert history.model("A").objects.get().bs.count() == 1
    history(m.RemoveField("A", "bs"))
    history(m.DeleteModel("Link"))
