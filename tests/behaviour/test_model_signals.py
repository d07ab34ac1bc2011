"""What signals tell of saves, deletions and links: to whom, in which order, and what an error in a receiver undoes."""

from __future__ import annotations

import asyncio

import pytest

import rowsmith
from rowsmith import bridge, models, transaction
from rowsmith.signals import (
    connection_created,
    m2m_changed,
    post_delete,
    post_save,
    pre_delete,
    pre_save,
)

SIGNALS = {
    "pre_save": pre_save,
    "post_save": post_save,
    "pre_delete": pre_delete,
    "post_delete": post_delete,
    "m2m_changed": m2m_changed,
}


class Piste(models.Model):
    name = models.CharField(max_length=20, default="")


class Record(models.Model):
    name = models.CharField(max_length=20, default="")
    tracks = models.ManyToManyField(Piste, related_name="albums")
    like = models.ManyToManyField("self")
    cited = models.ManyToManyField(Piste, through="Citing", related_name="quoting")

    def __str__(self):
        return self.name


class Citing(models.Model):
    album = models.ForeignKey(Record, models.CASCADE)
    track = models.ForeignKey(Piste, models.CASCADE)
    times = models.IntegerField(default=1)


class Pressing(models.Model):
    album = models.ForeignKey(Record, models.CASCADE, related_name="discs")


class Scratch(models.Model):
    disc = models.ForeignKey(Pressing, models.CASCADE)


class Sampler(Record):
    class Meta:
        proxy = True


class Stamped(models.Model):
    """A field that sets itself, and tells when."""

    class Noting(models.IntegerField):
        def pre_save(self, instance, add):
            instance.seen.append("field.pre_save")
            return 1

        def get_db_prep_save(self, value, connection):
            NOTED.append("get_db_prep_save")
            return super().get_db_prep_save(value, connection)

    number = Noting(default=0)


NOTED: list[str] = []


@pytest.fixture
def albums(tables):
    tables(Piste, Record, Citing, Pressing, Scratch, Stamped)


@pytest.fixture
def heard():
    """What all receivers were told: (signal, sender, the rest without the database's alias)."""
    events = []
    receivers = []

    def listener(name):
        def receive(signal, sender, using, **named):
            assert using == "default"
            events.append((name, sender, named))

        return receive

    for name, signal in SIGNALS.items():
        receivers.append(listener(name))
        signal.connect(receivers[-1])
    yield events
    for signal, receive in zip(SIGNALS.values(), receivers, strict=True):
        signal.disconnect(receive)


def names(events):
    return [f"{name} {sender.__name__}" for name, sender, _ in events]


@pytest.mark.feature("SG-012", "SG-013")
def test_a_save_tells_before_and_after(albums, heard):
    album = Record(name="a")
    album.save()
    album.save(update_fields=["name"])
    album.save(update_fields=[])
    assert [(name, sender) for name, sender, _ in heard] == [("pre_save", Record), ("post_save", Record)] * 2
    first, second, third, fourth = [named for _, _, named in heard]
    assert first == {"instance": album, "raw": False, "update_fields": None}
    assert second == {"instance": album, "raw": False, "update_fields": None, "created": True}
    assert third == {"instance": album, "raw": False, "update_fields": frozenset({"name"})}
    assert isinstance(third["update_fields"], frozenset)
    assert fourth["created"] is False
    heard.clear()
    Record.objects.get_or_create(name="b")
    Record.objects.update_or_create(name="b", defaults={"name": "c"})
    assert [named.get("created") for _, _, named in heard] == [None, True, None, False]


@pytest.mark.feature("SG-010")
def test_what_writes_many_rows_tells_nothing(albums, heard):
    albums = Record.objects.bulk_create([Record(name="a"), Record(name="b")])
    Record.objects.update(name="c")
    Record.objects.bulk_update(albums, ["name"])
    album = albums[0]
    disc = Pressing.objects.create(album=album)
    heard.clear()
    albums[1].discs.add(disc)
    assert heard == []
    albums[1].discs.add(disc, bulk=False)
    assert names(heard) == ["pre_save Pressing", "post_save Pressing"]


@pytest.mark.feature("V-016")
def test_the_order_of_a_save(albums):
    seen = NOTED
    stamped = Stamped()
    stamped.seen = seen

    def before(signal, **named):
        seen.append("pre_save")

    def after(signal, **named):
        seen.append("post_save" if Stamped.objects.filter(pk=stamped.pk).exists() else "nothing there")

    pre_save.connect(before, sender=Stamped)
    post_save.connect(after, sender=Stamped)
    try:
        for _ in range(2):
            seen.clear()
            stamped.save()
            seen[:] = list(dict.fromkeys(seen))
            assert seen == ["pre_save", "field.pre_save", "get_db_prep_save", "post_save"]
    finally:
        pre_save.disconnect(before, sender=Stamped)
        post_save.disconnect(after, sender=Stamped)


@pytest.mark.feature("SG-009", "SG-015", "SG-016")
def test_a_deletion_tells_of_all_that_goes_along(albums, heard):
    album = Record.objects.create(name="a")
    album.tracks.add(Piste.objects.create())
    disc = Pressing.objects.create(album=album)
    Scratch.objects.create(disc=disc)
    there = []

    def look(signal, sender, instance, **named):
        there.append((instance.pk is not None, sender.objects.filter(pk=instance.pk).exists()))

    post_delete.connect(look)
    key = album.pk
    heard.clear()
    try:
        assert album.delete()[0] == 4
    finally:
        post_delete.disconnect(look)
    assert names(heard) == [
        "pre_delete Scratch",
        "pre_delete Pressing",
        "pre_delete Record",
        "post_delete Scratch",
        "post_delete Pressing",
        "post_delete Record",
    ]
    assert all(named["origin"] is album for _, _, named in heard)
    # The key was still there, the row was not.
    assert there == [(True, False)] * 3
    assert album.pk is None
    assert not Record.objects.filter(pk=key).exists()


@pytest.mark.feature("SG-009", "SG-015")
def test_the_origin_may_be_a_queryset(albums, heard):
    for name in ("a", "b"):
        Pressing.objects.create(album=Record.objects.create(name=name))
    heard.clear()
    chosen = Record.objects.filter(name="a")
    chosen.delete()
    assert names(heard) == ["pre_delete Pressing", "pre_delete Record", "post_delete Pressing", "post_delete Record"]
    assert all(named["origin"] is chosen for _, _, named in heard)
    assert Record.objects.count() == 1


@pytest.mark.feature("SG-017")
@pytest.mark.parametrize("name", ["pre_save", "pre_delete", "post_delete"])
def test_an_error_in_a_receiver_undoes_the_operation(albums, name):
    album = Record.objects.create(name="a")
    Pressing.objects.create(album=album)

    def refuse(signal, **named):
        raise RuntimeError("no")

    signal = SIGNALS[name]
    # The error comes from the middle of the deletion.
    sender = Record if name == "pre_save" else Pressing if name == "pre_delete" else Record
    signal.connect(refuse, sender=sender)
    try:
        with pytest.raises(RuntimeError):
            Record(name="b").save() if name == "pre_save" else album.delete()
    finally:
        signal.disconnect(refuse, sender=sender)
    assert (Record.objects.count(), Pressing.objects.count()) == (1, 1)


def changes(heard, call):
    """The m2m_changed events of a call: (action, keys)."""
    heard.clear()
    call()
    return [(named["action"], named["pk_set"]) for name, _, named in heard if name == "m2m_changed"]


@pytest.mark.feature("SG-018", "SG-019", "SG-020", "SG-021", "SG-022")
def test_links_are_told_before_and_after(albums, heard):
    one, two, three = Piste.objects.bulk_create([Piste() for _ in range(3)])
    album = Record.objects.create(name="a")
    a, b, c = one.pk, two.pk, three.pk
    assert changes(heard, lambda: album.tracks.add(one, b)) == [("pre_add", {a, b}), ("post_add", {a, b})]
    assert [sender for _, sender, _ in heard] == [Record.tracks.through] * 2
    assert heard[0][2] == {
        "action": "pre_add", "instance": album, "reverse": False, "model": Piste, "pk_set": {a, b}, "raw": False
    }  # fmt: skip
    # What is linked already is left out of the set, but the signal is sent.
    assert changes(heard, lambda: album.tracks.add(one, three)) == [("pre_add", {c}), ("post_add", {c})]
    assert changes(heard, lambda: album.tracks.add(one)) == [("pre_add", set()), ("post_add", set())]
    assert changes(heard, lambda: album.tracks.add()) == []
    # What is to be removed is named whether it is linked or not.
    assert changes(heard, lambda: album.tracks.remove(one)) == [("pre_remove", {a}), ("post_remove", {a})]
    assert changes(heard, lambda: album.tracks.remove(one)) == [("pre_remove", {a}), ("post_remove", {a})]
    assert changes(heard, lambda: album.tracks.remove()) == []
    assert changes(heard, lambda: album.tracks.set([one, two])) == [
        ("pre_remove", {c}), ("post_remove", {c}), ("pre_add", {a}), ("post_add", {a})
    ]  # fmt: skip
    assert changes(heard, lambda: album.tracks.set([one, two])) == []
    assert changes(heard, lambda: album.tracks.set([one], clear=True)) == [
        ("pre_clear", None), ("post_clear", None), ("pre_add", {a}), ("post_add", {a})
    ]  # fmt: skip
    assert changes(heard, album.tracks.clear) == [("pre_clear", None), ("post_clear", None)]
    made = []
    found = changes(heard, lambda: made.append(album.tracks.create()))
    assert found == [("pre_add", {made[0].pk}), ("post_add", {made[0].pk})]


@pytest.mark.feature("SG-018")
def test_links_from_the_other_side(albums, heard):
    track, album = Piste.objects.create(), Record.objects.create(name="a")
    heard.clear()
    track.albums.add(album)
    track.albums.set([])
    assert [(named["action"], named["reverse"], named["model"], named["instance"]) for _, _, named in heard] == [
        (action, True, Record, track) for action in ("pre_add", "post_add", "pre_remove", "post_remove")
    ]
    twin = Record.objects.create(name="b")
    assert changes(heard, lambda: album.like.add(twin)) == [("pre_add", {twin.pk}), ("post_add", {twin.pk})]
    assert changes(heard, lambda: twin.like.remove(album)) == [("pre_remove", {album.pk}), ("post_remove", {album.pk})]


@pytest.mark.feature("SG-018", "SG-009")
def test_links_with_a_model_of_their_own_are_deleted_with_signals_too(albums, heard):
    track, album = Piste.objects.create(), Record.objects.create(name="a")
    album.cited.add(track, through_defaults={"times": 3})
    heard.clear()
    album.cited.clear()
    assert names(heard) == ["m2m_changed Citing", "pre_delete Citing", "post_delete Citing", "m2m_changed Citing"]


@pytest.mark.feature("SG-014")
def test_a_proxy_is_its_own_sender(albums, heard):
    sampler = Sampler(name="s")
    sampler.save()
    sampler.delete()
    assert names(heard) == ["pre_save Sampler", "post_save Sampler", "pre_delete Sampler", "post_delete Sampler"]


@pytest.mark.feature("SG-012", "SG-013", "SG-017")
def test_receivers_work_within_the_block_that_saves(albums):
    def number(signal, instance, created, **named):
        if created:
            Pressing.objects.create(album=instance)

    post_save.connect(number, sender=Record)
    try:
        with transaction.atomic():
            Record.objects.create(name="a")
            transaction.set_rollback(True)
        assert Pressing.objects.count() == 0
        Record.objects.create(name="b")
        assert Pressing.objects.count() == 1
    finally:
        post_save.disconnect(number, sender=Record)


@pytest.mark.feature("SG-006", "SG-013")
def test_receivers_may_be_coroutine_functions(albums):
    told = []

    async def waiting(signal, instance, **named):
        await asyncio.sleep(0)
        told.append(instance.name)

    for signal in (post_save, pre_delete):
        signal.connect(waiting, sender=Record)
    try:
        album = Record.objects.create(name="a")
        album.delete()
    finally:
        for signal in (post_save, pre_delete):
            signal.disconnect(waiting, sender=Record)
    assert told == ["a", "a"]


@pytest.mark.feature("SG-027")
def test_each_new_connection_is_told(database):
    told = []

    def greet(signal, sender, connection, **named):
        told.append((sender, connection))
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    connection_created.connect(greet)
    try:
        if bridge.inside():
            bridge.wait(rowsmith.aclose_all())
        else:
            rowsmith.close_all()
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.execute("SELECT 1")
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection_created.disconnect(greet)
    assert told == [(type(database), database)]
