"""full_clean() and its steps: fields, uniqueness, constraints."""

from __future__ import annotations

import datetime

import pytest

from rowsmith import models
from rowsmith.exceptions import NON_FIELD_ERRORS, ValidationError


class Village(models.Model):
    name = models.CharField(max_length=10)


class Post(models.Model):
    title = models.CharField(max_length=10, unique_for_date="day", unique_for_year="day")
    slug = models.SlugField(unique=True, null=True, blank=True)
    day = models.DateField()
    author = models.CharField(max_length=5)
    village = models.ForeignKey(
        Village, models.CASCADE, limit_choices_to={"name__startswith": "B"}, null=True, blank=True
    )
    low = models.IntegerField(default=0)
    high = models.IntegerField(default=10)
    stock = models.IntegerField(db_default=5)

    class Meta:
        unique_together = [("author", "low")]
        constraints = [
            models.CheckConstraint(condition=models.Q(low__lt=models.F("high")), name="ordered"),
            models.CheckConstraint(
                condition=~models.Q(title="bad"),
                name="no_bad",
                violation_error_message="%(name)s!",
                violation_error_code="bad",
            ),
            models.UniqueConstraint(fields=["high"], condition=models.Q(author="solo"), name="solo_high"),
        ]

    def clean(self):
        if self.title == "odd":
            raise ValidationError("Odd title.")
        if self.title == "odder":
            raise ValidationError({"title": "Even odder."})


DAY = datetime.date(2024, 5, 6)


def errors(instance, **options):
    with pytest.raises(ValidationError) as caught:
        instance.full_clean(**options)
    return {name: [error.code for error in found] for name, found in caught.value.error_dict.items()}


def post(**values):
    return Post(**{"title": "a", "day": DAY, "author": "ann", **values})


@pytest.fixture
def stored(tables):
    tables(Village, Post)
    first = post(slug="one", low=1)
    first.save()
    return first


@pytest.mark.feature("V-041", "V-044", "V-050", "G-017", "V-051", "M-022")
def test_fields_are_converted_and_checked(stored):
    found = post(title="x", slug="two", day="2025-01-02", low="3")
    found.full_clean()
    assert (found.day, found.low) == (datetime.date(2025, 1, 2), 3)
    assert errors(Post(title="", author=None, day=None, low="x")) == {
        "title": ["blank"], "author": ["null"], "day": ["null"], "low": ["invalid"],
    }  # fmt: skip


@pytest.mark.feature("V-045")
def test_clean_adds_errors_of_its_own(stored):
    assert errors(post(title="odd", low=5)) == {NON_FIELD_ERRORS: [None]}
    assert errors(post(title="odder", low=5)) == {"title": [None]}


@pytest.mark.feature("V-046", "V-047", "O-024")
def test_uniqueness_is_asked_of_the_database(stored):
    assert errors(post(title="z", slug="one", low=5)) == {"slug": ["unique"]}
    assert errors(post(title="z", low=1)) == {NON_FIELD_ERRORS: ["unique_together"]}
    stored.full_clean()
    post(title="z", slug=None, low=7).full_clean()
    post(title="z", slug="one", low=1).full_clean(exclude=["slug", "low"])
    post(title="z", slug="one", low=1).full_clean(validate_unique=False)


@pytest.mark.feature("F-019", "V-046")
def test_uniqueness_within_a_day_or_a_year(stored):
    assert errors(post(low=5)) == {"title": ["unique_for_date", "unique_for_date"]}
    assert errors(post(low=5, day=DAY.replace(month=1))) == {"title": ["unique_for_date"]}
    post(low=5, day=DAY.replace(year=2020)).full_clean()
    post(low=5).full_clean(exclude=["day"])


@pytest.mark.feature("V-048", "C-003", "C-004", "C-007", "C-018", "C-019")
def test_constraints_are_judged_before_the_row_is_written(stored):
    assert errors(post(title="z", low=20)) == {NON_FIELD_ERRORS: [None]}
    assert errors(post(title="bad", low=5)) == {NON_FIELD_ERRORS: ["bad"]}
    post(title="z", low=20).full_clean(exclude=["high"])
    post(title="z", low=20).full_clean(validate_constraints=False)
    post(title="z", author="solo", low=4, high=50).save()
    assert errors(post(title="y", author="solo", low=5, high=50)) == {NON_FIELD_ERRORS: [None]}
    post(title="y", author="duo", low=5, high=50).full_clean()


@pytest.mark.feature("C-017", "C-020", "C-010")
def test_unique_constraints_over_expressions(tables):
    class Word(models.Model):
        text = models.CharField(max_length=5, null=True)
        weight = models.IntegerField(default=0)

        class Meta:
            constraints = [models.UniqueConstraint(models.F("weight") + 1, name="weights")]

    tables(Word)
    word = Word(weight=1)
    word.save()
    word.full_clean(exclude=["text"])
    with pytest.raises(ValidationError, match="weights"):
        Word(weight=1).full_clean(exclude=["text"])
    Word(weight=2).full_clean(exclude=["text"])


@pytest.mark.feature("F-071", "F-063")
def test_foreign_keys_are_looked_up(stored):
    basel, zug = Village(name="Basel"), Village(name="Zug")
    basel.save()
    zug.save()
    post(title="z", low=5, village=basel).full_clean()
    assert errors(post(title="z", low=5, village=zug)) == {"village": ["invalid"]}
    assert errors(post(title="z", low=5, village_id=99)) == {"village": ["invalid"]}


@pytest.mark.feature("V-042")
def test_saving_validates_nothing(stored):
    post(title="much too long for it"[:10], low=9, author="").save()


@pytest.mark.feature("V-043")
def test_fields_that_failed_are_left_out_of_later_steps(stored):
    assert errors(post(title="z", slug="not a slug", low="x")) == {"slug": ["invalid"], "low": ["invalid"]}
