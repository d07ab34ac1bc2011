"""The awaitable spelling, as users write it in coroutines."""

from __future__ import annotations

import asyncio

import pytest

import rowsmith
from rowsmith import transaction
from rowsmith.exceptions import SynchronousOnlyOperation
from rowsmith.models import Count, Prefetch, aprefetch_related_objects
from rowsmith.signals import post_init
from rowsmith.testing import recorded_statements
from tests.behaviour import library
from tests.behaviour.library import Author, Book, Review, Stock, Tag, titles


@pytest.fixture
def shelved(tables):
    """The library's tables; a coroutine fills them by `await shelved()`."""
    tables(*library.ALL, Stock)

    async def fill():
        return await rowsmith.aio.run(library.shelve)

    return fill


async def test_rows_are_asked_for_by_awaiting(shelved):
    shelf = await shelved()
    books = Book.objects.order_by("pk")
    assert await books.aget(title="Sea") == shelf.sea
    assert await books.acount() == 5
    assert await books.aexists() and not await books.filter(pages=-1).aexists()
    assert await books.acontains(shelf.hill)
    assert await books.afirst() == shelf.sea and await books.alast() == shelf.desert
    assert await books.alatest("pages") == shelf.desert and await books.aearliest("pages") == shelf.sea
    assert await Book.objects.ain_bulk([shelf.sea.pk]) == {shelf.sea.pk: shelf.sea}
    assert await books.aaggregate(n=Count("pk")) == {"n": 5}
    assert await books.filter(pages=100).aupdate(pages=101) == 1
    with pytest.raises(Book.DoesNotExist):
        await books.aget(title="x")
    with pytest.raises(Book.MultipleObjectsReturned):
        await books.aget()


async def test_rows_are_made_and_deleted_by_awaiting(shelved):
    item = await Stock.objects.acreate(code="a")
    assert (await Stock.objects.aget_or_create(code="a")) == (item, False)
    assert (await Stock.objects.aupdate_or_create(code="a", defaults={"count": 3}))[0].count == 3
    made = await Stock.objects.abulk_create([Stock(code="b"), Stock(code="c")])
    made[0].count = 9
    assert await Stock.objects.abulk_update(made, ["count"]) == 2
    item.name = "x"
    await item.asave(update_fields=["name"])
    await item.arefresh_from_db()
    assert (item.name, item.count) == ("x", 3)
    assert await item.adelete() == (1, {Stock._meta.label: 1})
    assert (await Stock.objects.all().adelete())[0] == 2


@pytest.mark.feature("Q-014")
async def test_one_cache_serves_both_kinds_of_iteration(shelved):
    await shelved()
    books = Book.objects.order_by("pk")
    with recorded_statements() as seen:
        assert [book.title async for book in books] == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
        assert [book.title for book in books] == ["Sea", "Seaside", "Hill", "Valley", "Desert"]
        assert len(books) == 5 and books[0].title == "Sea" and bool(books)
        assert await books.acount() == 5
        import pickle

        assert titles(pickle.loads(pickle.dumps(books)))[0] == "Sea"
    assert len(seen) == 1


async def test_values_are_iterated_too(shelved):
    await shelved()
    assert [row async for row in Book.objects.filter(title="Sea").values("title", "pages")] == [
        {"title": "Sea", "pages": 100}
    ]
    assert [row async for row in Book.objects.order_by("pk").values_list("pages", flat=True)] == [
        100,
        200,
        300,
        400,
        500,
    ]
    assert [book.title async for book in Book.objects.order_by("pk")[1:3]] == ["Seaside", "Hill"]


@pytest.mark.feature("AS-004")
async def test_a_stream_arrives_in_chunks_with_its_prefetches(shelved):
    await shelved()
    books = Book.objects.order_by("pk").prefetch_related("tags")
    with recorded_statements() as seen:
        found = [(book.title, len(book.tags.all())) async for book in books.aiterator(chunk_size=2)]
    assert found == [("Sea", 2), ("Seaside", 1), ("Hill", 1), ("Valley", 0), ("Desert", 2)]
    assert len(seen) == 4
    async for book in Book.objects.order_by("pk").aiterator():
        assert book.title == "Sea"
        break
    assert await Book.objects.acount() == 5
    for size in (0, -1):
        with pytest.raises(ValueError, match="strictly positive"):
            Book.objects.aiterator(chunk_size=size)


@pytest.mark.feature("AS-004")
async def test_a_stream_holds_one_chunk_at_a_time(empty_library):
    await Tag.objects.abulk_create([Tag(label=f"label number {n:06}") for n in range(5_000)])
    held: set[int] = set()
    seen = most = 0

    class Counted(Tag):
        class Meta:
            proxy = True
            app_label = "chunks"

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            held.add(id(self))

        def __del__(self):
            held.discard(id(self))

    async for _ in Counted.objects.aiterator(chunk_size=50):
        seen += 1
        most = max(most, len(held))
    assert seen == 5_000
    assert 50 <= most <= 150


@pytest.mark.feature("AS-006")
async def test_related_managers_are_awaited(shelved):
    shelf = await shelved()
    sea = shelf.sea
    await sea.tags.aadd(shelf.green)
    assert [tag.label async for tag in sea.tags.all()] == ["blue", "deep", "green"]
    new = await sea.tags.acreate(label="new")
    await sea.tags.aremove(shelf.blue)
    await sea.tags.aset([new, shelf.deep])
    assert [tag.label async for tag in sea.tags.all()] == ["deep", "new"]
    assert (await sea.tags.aget_or_create(label="new")) == (new, False)
    assert (await sea.tags.aupdate_or_create(label="newer"))[1]
    await sea.tags.aclear()
    assert await sea.tags.acount() == 0
    await shelf.north.books.aadd(shelf.desert)
    assert (await shelf.north.books.acreate(title="x", author=shelf.ann)).publisher == shelf.north
    await shelf.north.books.aremove(shelf.desert)
    await shelf.north.books.aset([shelf.hill])
    assert [book.title async for book in shelf.north.books.all()] == ["Hill"]
    assert (await shelf.ann.book_set.aget_or_create(title="Sea")) == (sea, False)
    assert (await shelf.ann.book_set.aupdate_or_create({"pages": 5}, title="Sea"))[0].pages == 5
    await shelf.north.books.aclear()
    assert not await shelf.north.books.aexists()


@pytest.mark.feature("AS-007")
async def test_instances_at_hand_are_prefetched(shelved):
    await shelved()
    books = [book async for book in Book.objects.order_by("pk")]
    with recorded_statements() as seen:
        await aprefetch_related_objects(books, "tags", Prefetch("reviews", to_attr="all_reviews"))
    assert len(seen) == 2
    assert [len(book.tags.all()) for book in books] == [2, 1, 1, 0, 2]
    assert [len(book.all_reviews) for book in books] == [2, 1, 3, 0, 1]


@pytest.mark.feature("AS-009")
async def test_a_blocking_call_in_a_coroutine_names_the_awaitable_one(shelved):
    shelf = await shelved()
    for call, spelling in [
        (lambda: list(Book.objects.all()), "async for|await"),
        (lambda: Book.objects.get(pk=1), "aget"),
        (lambda: Book.objects.count(), "acount"),
        (lambda: Book.objects.first(), "afirst"),
        (lambda: Book.objects.create(title="x", author=shelf.ann), "acreate|asave"),
        (lambda: shelf.sea.save(), "asave"),
        (lambda: shelf.sea.delete(), "adelete"),
        (lambda: Book.objects.update(pages=1), "aupdate"),
        (lambda: Book.objects.exists(), "aexists"),
    ]:
        with pytest.raises(SynchronousOnlyOperation, match="await|async") as caught:
            call()
        assert "await" in str(caught.value) or "async for" in str(caught.value), (spelling, caught.value)
    assert await Book.objects.acount() == 5


@pytest.mark.feature("AS-010")
async def test_a_lazy_load_in_a_coroutine_is_refused(shelved):
    await shelved()
    book = await Book.objects.defer("pages").aget(title="Sea")
    for load in (lambda: book.author, lambda: book.pages, lambda: book.publisher):
        with pytest.raises(SynchronousOnlyOperation) as caught:
            load()
        assert "await" in str(caught.value)
    with pytest.raises(SynchronousOnlyOperation, match=r"select_related\('author'\)"):
        book.author
    with pytest.raises(SynchronousOnlyOperation, match="async for"):
        list(book.tags.all())
    assert await rowsmith.aio.run(lambda: (book.author.name, book.pages)) == ("Ann", 100)
    loaded = await Book.objects.select_related("author").prefetch_related("tags").aget(title="Sea")
    assert loaded.author.name == "Ann" and len(loaded.tags.all()) == 2
    assert book.author.name == "Ann"


async def test_tasks_share_the_pool_and_get_their_own_answers(shelved):
    shelf = await shelved()

    async def ask(number):
        author = await Author.objects.acreate(name=f"n{number}")
        assert (await Author.objects.aget(pk=author.pk)).name == f"n{number}"
        async with transaction.atomic():
            await Review.objects.acreate(book=shelf.sea, stars=number)
        return await Author.objects.filter(name=f"n{number}").acount()

    assert await asyncio.gather(*(ask(number) for number in range(40))) == [1] * 40
    assert await Review.objects.acount() == 47
    assert await Tag.objects.acount() == 4


@pytest.mark.feature("AS-008")
async def test_code_that_hears_of_loaded_instances_may_ask_the_database(shelf):
    seen = []

    def listen(instance, **_):
        seen.append(Author.objects.filter(pk=instance.author_id).count())

    post_init.connect(listen, sender=Book)
    try:
        await Book.objects.aget(pk=shelf.sea.pk)
        assert [book.pk async for book in Book.objects.filter(pk=shelf.sea.pk)] == [shelf.sea.pk]
    finally:
        post_init.disconnect(listen, sender=Book)
    assert seen == [1, 1]
