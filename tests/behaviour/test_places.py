"""order_with_respect_to: rows that keep a place among those of the same parent."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.apps import Apps
from rowsmith.exceptions import FieldDoesNotExist
from rowsmith.metadata.checks import check_models
from rowsmith.testing import recorded_statements


class Question(models.Model):
    text = models.CharField(max_length=20, default="")


class Reply(models.Model):
    question = models.ForeignKey(Question, models.CASCADE, null=True)
    text = models.CharField(max_length=20, default="")

    class Meta:
        order_with_respect_to = "question"


class Branch(models.Model):
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="branches")

    class Meta:
        order_with_respect_to = "parent"


class Ordered(models.Model):
    """Children take the option over, each with parents of its own."""

    to = models.ForeignKey("Question", models.CASCADE, related_name="+")

    class Meta:
        abstract = True
        order_with_respect_to = "to"


class Comment(Ordered):
    pass


class ShortReply(Reply):
    class Meta:
        proxy = True


@pytest.fixture
def questions(tables):
    tables(Question, Reply, Branch, Comment)
    return Question.objects.bulk_create([Question(text="a"), Question(text="b")])


@pytest.mark.feature("O-017", "O-018")
def test_a_new_row_goes_behind_those_of_its_parent(questions):
    first, second = questions
    replies = [Reply.objects.create(question=first) for _ in range(3)]
    assert [reply._order for reply in replies] == [0, 1, 2]
    assert Reply.objects.create(question=second)._order == 0
    assert [Reply.objects.create()._order for _ in range(2)] == [0, 1]
    # Whatever was said, and whatever gaps there are.
    replies[1].delete()
    assert Reply.objects.create(question=first, _order=77)._order == 3
    assert ShortReply.objects.create(question=first)._order == 4
    assert Reply(question=first)._order is None


@pytest.mark.feature("O-018")
def test_bulk_create_asks_once_for_the_places_of_all(questions):
    first, second = questions
    Reply.objects.create(question=first)
    with recorded_statements() as seen:
        made = Reply.objects.bulk_create(
            [Reply(question=parent) for parent in (first, second, first, None, second)]
            + [Reply(question=first, _order=9)]
        )
    assert [reply._order for reply in made] == [1, 0, 2, 0, 1, 9]
    assert len([text for text in seen if text.startswith("SELECT")]) == 1
    assert [reply._order for reply in Reply.objects.filter(question=first)] == [0, 1, 2, 9]


@pytest.mark.feature("O-017")
def test_rows_are_ordered_by_it(questions):
    first, _ = questions
    a, b, c = [Reply.objects.create(question=first, text=text) for text in "abc"]
    assert Reply._meta.ordering == ("_order",)
    assert [field.name for field in Reply._meta.fields] == ["id", "question", "text", "_order"]
    assert not Reply._meta.get_field("_order").editable
    assert list(first.get_reply_order()) == [a.pk, b.pk, c.pk]
    first.set_reply_order([c.pk, a.pk, b.pk])
    assert list(first.get_reply_order()) == [c.pk, a.pk, b.pk]
    assert [reply.text for reply in first.reply_set.all()] == ["c", "a", "b"]
    assert list(Reply.objects.filter(question=first).values_list("text", flat=True)) == ["c", "a", "b"]
    assert Reply.objects.filter(question=first).first() == c
    assert not hasattr(first, "get_shortreply_order")


@pytest.mark.feature("O-017")
def test_keys_of_other_parents_stay_where_they_are(questions):
    first, second = questions
    mine = [Reply.objects.create(question=first) for _ in range(2)]
    other = [Reply.objects.create(question=second) for _ in range(2)]
    first.set_reply_order([other[0].pk, mine[1].pk, mine[0].pk])
    assert list(first.get_reply_order()) == [mine[1].pk, mine[0].pk]
    assert list(second.get_reply_order()) == [other[0].pk, other[1].pk]
    first.set_reply_order([])
    assert list(first.get_reply_order()) == [mine[1].pk, mine[0].pk]


@pytest.mark.feature("O-017")
def test_neighbours(questions):
    first, second = questions
    a, b, c = [Reply.objects.create(question=first) for _ in range(3)]
    alone = Reply.objects.create(question=second)
    assert a.get_next_in_order() == b
    assert c.get_previous_in_order() == b
    first.set_reply_order([b.pk, c.pk, a.pk])
    # The place is the one that the row has now, not the one that the instance remembers.
    assert b.get_next_in_order() == c
    assert a.get_previous_in_order() == c
    for call in (b.get_previous_in_order, a.get_next_in_order, alone.get_next_in_order, Reply().get_next_in_order):
        with pytest.raises(Reply.DoesNotExist):
            call()
    loose = [Reply.objects.create() for _ in range(2)]
    assert loose[0].get_next_in_order() == loose[1]


@pytest.mark.feature("O-017")
def test_the_parent_may_be_of_the_same_model(questions):
    root, other = Branch.objects.create(), Branch.objects.create()
    leaves = [Branch.objects.create(parent=root) for _ in range(2)]
    assert [branch._order for branch in (root, other, *leaves)] == [0, 1, 0, 1]
    root.set_branch_order([leaf.pk for leaf in reversed(leaves)])
    assert list(root.branches.all()) == leaves[::-1]


@pytest.mark.feature("O-017")
def test_an_abstract_parent_passes_it_on(questions):
    first, _ = questions
    one, two = [Comment.objects.create(to=first) for _ in range(2)]
    first.set_comment_order([two.pk, one.pk])
    assert list(first.get_comment_order()) == [two.pk, one.pk]
    assert one.get_previous_in_order() == two


@pytest.mark.feature("O-019")
def test_it_excludes_another_order():
    shared = {"apps": Apps(), "app_label": "places"}

    class Parent(models.Model):
        Meta = type("Meta", (), shared)

    def child(name, **options):
        return type(
            name,
            (models.Model,),
            {
                "__module__": __name__,
                "Meta": type("Meta", (), {**shared, **options}),
                "parent": models.ForeignKey(Parent, models.CASCADE, related_name="+"),
                "rank": models.IntegerField(),
            },
        )

    assert not check_models([child("Sound", order_with_respect_to="parent")])
    both = child("Both", order_with_respect_to="parent_id", ordering=["rank"])
    assert [message.id for message in check_models([both])] == ["models.E021"]
    assert [m.id for m in check_models([child("Wrong", order_with_respect_to="rank")])] == ["rowsmith.E107"]
    with pytest.raises(FieldDoesNotExist, match="nothing"):
        child("Missing", order_with_respect_to="nothing")
