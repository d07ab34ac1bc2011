"""Articles and the publications they appear in: a relation from many to many, and its linking table."""

from __future__ import annotations

import pytest

from rowsmith import models
from rowsmith.exceptions import IntegrityError
from rowsmith.testing import recorded_statements


class Publication(models.Model):
    title = models.CharField(max_length=30)

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title


class Article(models.Model):
    headline = models.CharField(max_length=100)
    publications = models.ManyToManyField(Publication)

    class Meta:
        ordering = ["headline"]

    def __str__(self):
        return self.headline


class Person(models.Model):
    name = models.CharField(max_length=30)
    friends = models.ManyToManyField("self")
    idols = models.ManyToManyField("self", symmetrical=False, related_name="fans")


class Group(models.Model):
    name = models.CharField(max_length=30)
    members = models.ManyToManyField(Person, through="Membership", related_name="groups")


class Membership(models.Model):
    person = models.ForeignKey(Person, models.CASCADE)
    group = models.ForeignKey(Group, models.CASCADE)
    joined = models.IntegerField()
    reason = models.CharField(max_length=30, default="")


@pytest.fixture
def press(tables):
    """Four publications p1 to p4, and four articles a1 to a4 with links."""
    tables(Publication, Article)
    p1, p2, p3, p4 = (
        Publication.objects.create(title=title) for title in ("Journal", "Science News", "Science Weekly", "Highlights")
    )
    a1, a2, a3, a4 = (
        Article.objects.create(headline=headline)
        for headline in ("Build web sites", "NASA uses Python", "NASA finds life", "Oxygen-free diet")
    )
    a1.publications.add(p1)
    a2.publications.add(p1, p2, p3, p4)
    a3.publications.add(p2)
    a4.publications.add(p2)
    return {"p1": p1, "p2": p2, "p3": p3, "p4": p4, "a1": a1, "a2": a2, "a3": a3, "a4": a4}


@pytest.fixture
def people(tables):
    tables(Person, Group, Membership)
    return {name: Person.objects.create(name=name) for name in ("ann", "bob", "cid")}


def links():
    return Article.publications.through.objects.count()


@pytest.mark.feature("EX-001")
def test_links_of_an_unsaved_instance_are_refused(press):
    unsaved = Article(headline="x")
    with pytest.raises(ValueError, match=r'<Article: x>.*"id"'):
        unsaved.publications.add(press["p1"])
    with pytest.raises(ValueError, match="id"):
        unsaved.publications.all()


@pytest.mark.feature("EX-002", "Q-007")
def test_adding_a_link_again_changes_nothing(press):
    a1 = press["a1"]
    a1.publications.add(press["p1"])
    a1.publications.add(press["p1"], press["p2"])
    a1.publications.add(press["p2"], press["p2"])
    assert [p.title for p in a1.publications.all()] == ["Journal", "Science News"]
    a1.publications.add(press["p3"], press["p4"], press["p1"])
    assert a1.publications.count() == 4
    a1.publications.add()
    assert a1.publications.count() == 4


@pytest.mark.feature("EX-003", "Q-006")
def test_only_objects_of_the_right_model_can_be_added(press):
    with pytest.raises(TypeError, match="'Publication' instance expected, got <Article"):
        press["a1"].publications.add(press["a2"])
    for call in ("set", "remove"):
        with pytest.raises(TypeError, match="'Publication' instance expected"):
            method = getattr(press["a1"].publications, call)
            method([press["a2"]]) if call == "set" else method(press["a2"])
    with pytest.raises((ValueError, TypeError)):
        press["a1"].publications.add("no key")
    with pytest.raises(ValueError, match="save it first"):
        press["a1"].publications.add(Publication(title="unsaved"))
    assert [p.title for p in press["a1"].publications.all()] == ["Journal"]


def test_a_link_to_nothing_is_refused(press):
    with pytest.raises(IntegrityError):
        press["a1"].publications.add(9999)


@pytest.mark.feature("EX-004", "EX-012", "Q-138")
def test_creating_through_a_relation_links_from_either_side(press):
    new = press["a1"].publications.create(title="Highlights for Adults")
    assert new.pk and [p.title for p in press["a1"].publications.all()] == ["Highlights for Adults", "Journal"]
    article = press["p4"].article_set.create(headline="Highlights")
    press["p4"].article_set.add(press["a1"])
    assert list(press["p4"].article_set.all()) == [press["a1"], article, press["a2"]]
    press["p4"].article_set.remove(article, press["a2"])
    assert list(press["p4"].article_set.all()) == [press["a1"]]
    assert list(article.publications.all()) == []


@pytest.mark.feature("EX-005", "Q-131")
def test_both_sides_list_in_the_order_of_the_other_model(press):
    assert [p.title for p in press["a2"].publications.all()] == [
        "Highlights",
        "Journal",
        "Science News",
        "Science Weekly",
    ]
    assert [a.headline for a in press["p2"].article_set.all()] == [
        "NASA finds life",
        "NASA uses Python",
        "Oxygen-free diet",
    ]
    assert [p.title for p in press["a2"].publications.filter(title__startswith="Science")] == [
        "Science News",
        "Science Weekly",
    ]


@pytest.mark.feature("EX-006")
def test_a_link_is_looked_for_by_key_or_instance(press):
    p1 = press["p1"]
    expected = [press["a1"], press["a2"]]
    assert list(Article.objects.filter(publications__id=p1.pk)) == expected
    assert list(Article.objects.filter(publications__pk=p1.pk)) == expected
    assert list(Article.objects.filter(publications=p1.pk)) == expected
    assert list(Article.objects.filter(publications=p1)) == expected


@pytest.mark.feature("EX-007")
def test_several_matching_links_repeat_the_row(press):
    found = Article.objects.filter(publications__title__startswith="Science")
    assert list(found) == [press["a3"], press["a2"], press["a2"], press["a4"]]
    assert list(found.distinct()) == [press["a3"], press["a2"], press["a4"]]
    assert (found.count(), found.distinct().count()) == (4, 3)


@pytest.mark.feature("EX-008")
def test_a_list_of_keys_is_a_list_of_instances(press):
    p1, p2 = press["p1"], press["p2"]
    by_keys = Article.objects.filter(publications__in=[p1.pk, p2.pk]).distinct()
    by_instances = Article.objects.filter(publications__in=[p1, p2]).distinct()
    assert list(by_keys) == list(by_instances) == [press["a1"], press["a3"], press["a2"], press["a4"]]


@pytest.mark.feature("EX-009")
def test_the_other_side_is_asked_in_the_same_ways(press):
    a1, a2, p1 = press["a1"], press["a2"], press["p1"]
    assert list(Publication.objects.filter(article__headline__startswith="Build")) == [p1]
    assert list(Publication.objects.filter(article=a1.pk)) == [p1]
    assert list(Publication.objects.filter(article=a1)) == [p1]
    assert list(Publication.objects.filter(article__pk=a1.pk)) == [p1]
    assert Publication.objects.filter(article__in=[a1.pk, a2.pk]).distinct().count() == 4
    assert Publication.objects.filter(article__in=[a1, a2]).count() == 5


@pytest.mark.feature("EX-010")
def test_exclude_drops_every_row_with_such_a_link(press):
    assert list(Article.objects.exclude(publications=press["p2"])) == [press["a1"]]


@pytest.mark.feature("EX-011")
def test_deleting_either_side_takes_its_links_and_nothing_else(press):
    assert links() == 7
    total, counts = press["p1"].delete()
    assert total == 3 and sorted(counts.values()) == [1, 2]
    assert (Article.objects.count(), links()) == (4, 5)
    press["a2"].delete()
    assert (Publication.objects.count(), links()) == (3, 2)
    assert list(press["p2"].article_set.all()) == [press["a3"], press["a4"]]


@pytest.mark.feature("EX-013", "Q-140")
def test_set_and_clear_replace_links_from_either_end(press):
    a2, p2, p3 = press["a2"], press["p2"], press["p3"]
    a2.publications.set([p3])
    assert list(a2.publications.all()) == [p3]
    p2.article_set.set([press["a3"], a2])
    assert list(p2.article_set.all()) == [press["a3"], a2]
    with recorded_statements() as seen:
        a2.publications.set([p2, p3])
    # Nothing differs: the links are read, and none is written.
    assert not [statement for statement in seen if not statement.startswith("SELECT")]
    a2.publications.set([press["p1"]], clear=True)
    assert list(a2.publications.all()) == [press["p1"]]
    p2.article_set.clear()
    assert list(p2.article_set.all()) == []
    a2.publications.clear()
    assert list(a2.publications.all()) == []
    a2.publications.set([])
    assert links() == 1


@pytest.mark.feature("EX-014", "Q-103")
def test_deleting_many_takes_their_links(press):
    total, counts = Publication.objects.filter(title__startswith="Science").delete()
    assert total == 6 and counts[Publication._meta.label] == 2 and sorted(counts.values()) == [2, 4]
    assert links() == 3
    Article.objects.filter(headline__startswith="NASA").delete()
    assert links() == 1


@pytest.mark.feature("EX-015", "Q-106")
def test_a_deleted_query_shows_no_rows(press):
    found = Article.objects.filter(headline__startswith="NASA")
    assert len(found) == 2
    found.delete()
    assert repr(found) == "<QuerySet []>"
    assert list(found) == []


@pytest.mark.feature("Q-132")
def test_keys_stand_for_objects(press):
    a1, p1, p2, p3 = press["a1"], press["p1"], press["p2"], press["p3"]
    a1.publications.add(p2.pk)
    a1.publications.remove(p1.pk)
    assert list(a1.publications.all()) == [p2]
    a1.publications.set([p1.pk, str(p3.pk)])
    assert list(a1.publications.all()) == [p1, p3]


@pytest.mark.feature("Q-137")
def test_adding_takes_one_insert_and_tells_those_who_listen(press):
    from rowsmith.signals import m2m_changed

    a1 = press["a1"]
    with recorded_statements() as seen:
        a1.publications.add(press["p1"], press["p2"], press["p3"])
    assert len([statement for statement in seen if statement.startswith("INSERT")]) == 1
    told = []

    def listen(sender, action, pk_set, **kwargs):
        told.append((action, pk_set))

    m2m_changed.connect(listen, sender=Article.publications.through)
    try:
        a1.publications.add(press["p3"], press["p4"])
    finally:
        m2m_changed.disconnect(listen, sender=Article.publications.through)
    assert told == [("pre_add", {press["p4"].pk}), ("post_add", {press["p4"].pk})]
    assert a1.publications.count() == 4


@pytest.mark.feature("Q-143")
def test_get_or_create_looks_within_the_relation(press):
    a1 = press["a1"]
    found, created = a1.publications.get_or_create(title="Journal")
    assert (found, created) == (press["p1"], False)
    new, created = a1.publications.get_or_create(title="Science News")
    assert created and new != press["p2"]
    assert list(a1.publications.all()) == [press["p1"], new]
    changed, created = a1.publications.update_or_create({"title": "Gazette"}, title="Journal")
    assert (changed, created) == (press["p1"], False)
    assert Publication.objects.get(pk=press["p1"].pk).title == "Gazette"
    _, created = a1.publications.update_or_create(title="Weekly")
    assert created and a1.publications.count() == 3


@pytest.mark.feature("M-039")
def test_one_side_declares_the_relation_and_both_reach_it(press):
    assert [f.name for f in Publication._meta.many_to_many] == []
    assert Article.publications.through._meta.db_table.endswith("_publications")
    assert press["a1"] in press["p1"].article_set.all()
    with pytest.raises(TypeError, match=r"publications\.set\(\)"):
        press["a1"].publications = [press["p1"]]
    with pytest.raises(TypeError, match=r"article_set\.set\(\)"):
        press["p1"].article_set = []


# Relations of a model with itself


def test_a_relation_with_itself_holds_both_ways_unless_told_otherwise(people):
    ann, bob, cid = people.values()
    ann.friends.add(bob)
    assert list(bob.friends.all()) == [ann] and list(ann.friends.all()) == [bob]
    bob.friends.remove(ann)
    assert list(ann.friends.all()) == list(bob.friends.all()) == []
    ann.idols.add(bob, cid)
    assert list(bob.idols.all()) == []
    assert list(bob.fans.all()) == [ann]
    assert list(Person.objects.filter(fans=ann).order_by("name")) == [bob, cid]
    ann.friends.set([bob, cid])
    assert list(cid.friends.all()) == [ann]
    ann.friends.clear()
    assert list(cid.friends.all()) == []


# Relations through a model


@pytest.mark.feature("M-040", "M-044", "M-051", "M-050")
def test_links_can_be_rows_of_a_model_with_more_to_say(people):
    ann, bob, _ = people.values()
    band = Group.objects.create(name="band")
    Membership.objects.create(person=ann, group=band, joined=1990)
    Membership.objects.create(person=bob, group=band, joined=2000)
    assert list(band.members.order_by("name")) == [ann, bob]
    assert list(ann.groups.all()) == [band]
    assert [m.joined for m in ann.membership_set.all()] == [1990]
    assert [m.person.name for m in band.membership_set.order_by("joined")] == ["ann", "bob"]
    assert list(Person.objects.filter(groups__name="band", membership__joined__gt=1995)) == [bob]
    assert list(Group.objects.filter(membership__joined=1990, members__name="ann")) == [band]


@pytest.mark.feature("M-045", "Q-141")
def test_through_defaults_fill_the_other_columns(people):
    ann, bob, cid = people.values()
    band = Group.objects.create(name="band")
    asked = []

    def year():
        asked.append(1)
        return 2001

    band.members.add(ann, bob, through_defaults={"joined": year})
    assert len(asked) == 1
    assert list(Membership.objects.values_list("joined", flat=True)) == [2001, 2001]
    dan = band.members.create(name="dan", through_defaults={"joined": 2002, "reason": "new"})
    assert Membership.objects.get(person=dan).reason == "new"
    band.members.set([ann, cid], through_defaults={"joined": 2003})
    assert sorted(Membership.objects.values_list("person__name", "joined")) == [("ann", 2001), ("cid", 2003)]
    bob.groups.add(band, through_defaults={"joined": 2004})
    assert Membership.objects.get(person=bob).joined == 2004
    eve, created = band.members.get_or_create(name="eve", through_defaults={"joined": 2005})
    assert created and Membership.objects.get(person=eve).joined == 2005
    with pytest.raises(IntegrityError):
        Group.objects.create(name="other").members.add(ann)


@pytest.mark.feature("M-046", "M-047", "M-048", "M-049")
def test_links_of_a_model_may_repeat_and_go_together(people):
    ann, bob, _ = people.values()
    band = Group.objects.create(name="band")
    for joined in (1990, 1995):
        Membership.objects.create(person=ann, group=band, joined=joined)
    Membership.objects.create(person=bob, group=band, joined=2000)
    assert list(band.members.order_by("name")) == [ann, ann, bob]
    band.members.remove(ann)
    assert list(band.members.all()) == [bob]
    band.members.clear()
    assert Membership.objects.count() == 0
    through = Person.friends.through
    with pytest.raises(IntegrityError):
        for _ in range(2):
            through.objects.create(from_person=ann, to_person=bob)
