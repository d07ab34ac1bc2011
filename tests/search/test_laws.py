"""What is found is what a plain reading of all texts finds, after whatever was written in whatever way."""

from __future__ import annotations

import functools
import random

import pytest

import rowsmith
from rowsmith import config, models
from rowsmith.db import connections
from rowsmith.search import SearchIndex
from rowsmith.search.parsing import parse
from rowsmith.search.words import form_of, words_in

WORDS = (
    "cat", "cats", "dog", "dogs", "run", "running", "bird", "web", "style", "styles", "the", "of", "naïve", "Ünder",
    "x1", "2020", "well-known", "don't", "Łódź",
)  # fmt: skip


class Owner(models.Model):
    name = models.CharField(max_length=60)

    class Meta:
        app_label = "laws"


class Label(models.Model):
    text = models.CharField(max_length=60)

    class Meta:
        app_label = "laws"


class Page(models.Model):
    title = models.CharField(max_length=60)
    text = models.TextField(null=True)
    owner = models.ForeignKey(Owner, on_delete=models.SET_NULL, null=True)
    labels = models.ManyToManyField(Label)

    class Meta:
        app_label = "laws"
        indexes = [
            SearchIndex(fields={"title": "A", "text": "B"}, name="own"),
            SearchIndex(fields={"title": "A", "owner__name": "B", "labels__text": "C"}, name="spanning"),
        ]


MODELS = (Owner, Label, Page)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'laws.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
    rowsmith.configure(url)
    rowsmith.drop_tables(*MODELS)
    rowsmith.create_tables(*MODELS)
    yield request.param
    rowsmith.drop_tables(*MODELS)
    config.install(None)


def forms(text):
    return [form_of(word, "english") for word, _, _ in words_in(text or "")]


def texts_of(page, index):
    if index == "own":
        return [page.title, page.text]
    labels = " ".join(page.labels.order_by("id").values_list("text", flat=True))
    return [page.title, page.owner.name if page.owner else "", labels]


def has(texts, phrase):
    """Whether the words of a phrase stand side by side in one of the texts."""
    wanted = [(word.form, word.prefix) for word in phrase.words]
    return any(
        all(
            form.startswith(one) if prefix else form == one
            for form, (one, prefix) in zip(found[place : place + len(wanted)], wanted, strict=True)
        )
        for found in map(forms, texts)
        for place in range(len(found) - len(wanted) + 1)
    )


def read(search, index):
    """The keys of the pages that fit, by reading them all."""
    found = set()
    for page in Page.objects.select_related("owner"):
        fits = functools.partial(has, texts_of(page, index))
        wanted = search.required and all(any(map(fits, group)) for group in search.required)
        if wanted and not any(map(fits, search.excluded)):
            found.add(page.pk)
    return found


def some(chance, number):
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(1, number)))


def write(chance):
    """One of many ways to change what is there."""
    pages, owners, labels = (list(model.objects.all()) for model in (Page, Owner, Label))
    page = chance.choice(pages) if pages else None
    owner = chance.choice(owners) if owners else None
    label = chance.choice(labels) if labels else None
    match chance.randint(0, 11):
        case 0 | 1:
            Page.objects.create(title=some(chance, 4), text=chance.choice([None, some(chance, 8)]), owner=owner)
        case 2:
            Owner.objects.create(name=some(chance, 3))
        case 3:
            Label.objects.create(text=some(chance, 2))
        case 4 if page:
            page.title, page.owner = some(chance, 4), owner
            page.save()
        case 5 if owner:
            Owner.objects.filter(pk=owner.pk).update(name=some(chance, 3))
        case 6 if label:
            label.text = some(chance, 2)
            label.save()
        case 7 if page and label:
            page.labels.add(label)
        case 8 if page:
            page.labels.clear()
        case 9 if page and len(pages) > 6:
            page.delete()
        case 10 if chance.random() < 0.3 and (owner or label):
            (owner or label).delete()
        case 11:
            Page.objects.bulk_create([Page(title=some(chance, 3), text="", owner=owner) for _ in range(3)])


def asked(chance):
    pieces = []
    for _ in range(chance.randint(1, 3)):
        word = chance.choice(WORDS)
        shape = chance.choice(["{}", "{}", "-{}", '"{} {}"', "{}*", "{} OR {}"])
        pieces.append(shape.format(word, chance.choice(WORDS)))
    return " ".join(pieces)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_is_what_reading_finds(empty, seed):
    chance = random.Random(seed)
    for _ in range(12):
        for _ in range(8):
            write(chance)
        for _ in range(6):
            text = asked(chance)
            for index in ("own", "spanning"):
                found = Page.objects.search(text, index=index)
                keys = [page.pk for page in found]
                assert set(keys) == read(parse(text), index), (text, index)
                assert len(keys) == len(set(keys)) == found.count()
    if empty == "sqlite":
        with connections["default"].cursor() as cursor:
            for name in ("own", "spanning"):
                cursor.execute(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")
