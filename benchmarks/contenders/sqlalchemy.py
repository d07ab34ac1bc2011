"""SQLAlchemy's ORM, a session for each piece of work."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql

from benchmarks import data
from benchmarks.contenders.hand import CHECK, authors, diner_values, family, filter_arguments, fresh, shelves, values
from benchmarks.worker import Timer


class Base(orm.DeclarativeBase):
    pass


links = sa.Table(
    "bench_book_tags",
    Base.metadata,
    sa.Column("book_id", sa.ForeignKey("bench_book.id")),
    sa.Column("tag_id", sa.ForeignKey("bench_tag.id")),
)

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


class Tag(Base):
    __tablename__ = "bench_tag"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    label: orm.Mapped[str]


class Author(Base):
    __tablename__ = "bench_author"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    country: orm.Mapped[str]
    books: orm.Mapped[list[Book]] = orm.relationship(back_populates="author", cascade="all, delete-orphan")
    reviews: orm.Mapped[list[Review]] = orm.relationship(cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "bench_book"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    pages: orm.Mapped[int]
    copies: orm.Mapped[int] = orm.mapped_column(sa.BigInteger)
    price: orm.Mapped[Decimal] = orm.mapped_column(sa.Numeric(7, 2))
    rating: orm.Mapped[float]
    in_print: orm.Mapped[bool]
    published: orm.Mapped[dt.datetime] = orm.mapped_column(sa.DateTime(timezone=True))
    day: orm.Mapped[dt.date]
    isbn: orm.Mapped[uuid.UUID]
    meta: orm.Mapped[Any] = orm.mapped_column(Json)
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("bench_author.id"))
    author: orm.Mapped[Author] = orm.relationship(back_populates="books")
    tags: orm.Mapped[list[Tag]] = orm.relationship(secondary=links)


class Review(Base):
    __tablename__ = "bench_review"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    stars: orm.Mapped[int]
    text: orm.Mapped[str]
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("bench_author.id"))


class Venue(Base):
    __tablename__ = "bench_venue"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    city: orm.Mapped[str]
    rating: orm.Mapped[float]
    opened: orm.Mapped[dt.date]


class Diner(Venue):
    __tablename__ = "bench_diner"
    venue_ptr_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("bench_venue.id"), primary_key=True)
    seats: orm.Mapped[int]
    price: orm.Mapped[Decimal] = orm.mapped_column(sa.Numeric(7, 2))
    is_open: orm.Mapped[bool]
    menu: orm.Mapped[str]
    checked: orm.Mapped[dt.datetime] = orm.mapped_column(sa.DateTime(timezone=True))


COLUMNS = [getattr(Book, name) for name in data.BOOK_COLUMNS]


class SqlAlchemy:
    def __init__(self, backend: str, url: str) -> None:
        if backend == "postgresql":
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
            self.engine = sa.create_engine(url, connect_args={"options": "-c timezone=UTC"})
        else:
            self.engine = sa.create_engine(url)
        self.naive = backend == "sqlite"  # its SQLite datetimes have no time zone

    def session(self) -> orm.Session:
        return orm.Session(self.engine)

    def get(self, timer: Timer, n: int) -> Any:
        found = []
        with self.session() as session, timer:
            for i in range(1, n + 1):
                found.append(session.get(Book, i))
        return map(values, found)

    def filter(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with self.session() as session, timer:
            for i in range(n):
                copies, pages = filter_arguments(i)
                query = (
                    sa.select(Book)
                    .where(Book.copies == copies, Book.pages > pages, Book.in_print.is_(True))
                    .order_by(Book.pages, Book.id)
                    .limit(20)
                )
                found = list(session.scalars(query))
        return map(values, found)

    def instances(self, timer: Timer, n: int) -> Any:
        with self.session() as session, timer:
            found = list(session.scalars(sa.select(Book).where(Book.id <= n).order_by(Book.id)))
        return map(values, found)

    def dicts(self, timer: Timer, n: int) -> Any:
        with self.session() as session, timer:
            rows = session.execute(sa.select(*COLUMNS).where(Book.id <= n).order_by(Book.id))
            found = [dict(row) for row in rows.mappings()]
        return (row.values() for row in found)

    def tuples(self, timer: Timer, n: int) -> Any:
        with self.session() as session, timer:
            found = session.execute(sa.select(*COLUMNS).where(Book.id <= n).order_by(Book.id)).all()
        return found

    def parent(self, timer: Timer, n: int) -> Any:
        query = sa.select(Book).options(orm.joinedload(Book.author, innerjoin=True))
        with self.session() as session, timer:
            found = list(session.scalars(query.where(Book.id <= n).order_by(Book.id)))
        return ((*values(b), b.author.id, b.author.name) for b in found)

    def inherited(self, timer: Timer, n: int) -> Any:
        with self.session() as session, timer:
            found = list(session.scalars(sa.select(Diner).where(Diner.id <= n).order_by(Diner.id)))
        return map(diner_values, found)

    def children(self, timer: Timer, n: int) -> Any:
        query = sa.select(Author).options(orm.selectinload(Author.books))
        with self.session() as session, timer:
            found = list(session.scalars(query.where(Author.id <= n).order_by(Author.id)))
        return family(found)

    def many(self, timer: Timer, n: int) -> Any:
        query = sa.select(Book).options(orm.selectinload(Book.tags))
        with self.session() as session, timer:
            found = list(session.scalars(query.where(Book.id <= n).order_by(Book.id)))
        return ((b.id, *sorted(t.id for t in b.tags)) for b in found)

    def group(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with self.session() as session, timer:
            for i in range(n):
                low, high = shelves(i)
                query = (
                    sa.select(
                        Book.in_print,
                        sa.func.count(Book.id).label("n"),
                        sa.func.avg(Book.rating).label("mean"),
                        sa.func.max(Book.pages).label("most"),
                    )
                    .where(Book.copies >= low, Book.copies < high)
                    .group_by(Book.in_print)
                    .order_by(Book.in_print)
                )
                found = [dict(row) for row in session.execute(query).mappings()]
        return (row.values() for row in found)

    def subquery(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with self.session() as session, timer:
            for i in range(n):
                low, high = authors(i)
                longest = (
                    sa.select(Book.title)
                    .where(Book.author_id == Author.id)
                    .order_by(Book.pages.desc(), Book.id)
                    .limit(1)
                    .scalar_subquery()
                )
                query = sa.select(Author, longest).where(Author.id > low, Author.id <= high).order_by(Author.id)
                found = list(session.execute(query))
        return ((a.id, a.name, a.country, extra) for a, extra in found)

    def window(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with self.session() as session, timer:
            for i in range(n):
                rank = sa.func.rank().over(partition_by=Book.in_print, order_by=(Book.pages.desc(), Book.id))
                query = sa.select(Book.id, rank).where(Book.copies == i).order_by(Book.id)
                found = list(map(tuple, session.execute(query)))
        return found

    def union(self, timer: Timer, n: int) -> Any:
        found: list[Any] = []
        with self.session() as session, timer:
            for i in range(n):
                parts = [sa.select(Book.id, Book.title).where(Book.copies == copies) for copies in (i, i + 1)]
                found = list(map(tuple, session.execute(sa.union(*parts).order_by("id"))))
        return found

    def build(self, timer: Timer, n: int) -> Any:
        with timer:
            for i in range(n):
                query = (
                    sa.select(Book, (Book.pages * 2).label("twice"))
                    .join(Book.author)
                    .join(Author.reviews)
                    .where(
                        Book.title.icontains("sea"), Book.pages > i, Book.copies < 900, Book.price >= 5,
                        Book.rating < 4.5, Book.in_print.is_(True), Book.day > data.START.date(), Book.id < 10_000,
                        Author.name.startswith("Author"), Review.stars > 3,
                    )
                    .where(Book.author_id.in_(sa.select(Author.id).where(Author.country == "sea")))
                    .order_by(Book.pages.desc(), Book.id)
                )  # fmt: skip
                # With this key it finds the text that it compiled before.
                query._generate_cache_key()
        return []

    def undone(self, timer: Timer, work: Callable[[orm.Session], None], session: orm.Session | None = None) -> Any:
        with session or self.session() as session:
            with timer:
                work(session)
                session.flush()
            found = [tuple(session.execute(sa.text(CHECK)).one())]
            session.rollback()
        return found

    def new(self, n: int) -> list[dict[str, Any]]:
        return [dict(zip(data.BOOK_COLUMNS[1:], fresh(i), strict=True)) for i in range(1, n + 1)]

    def save_new(self, timer: Timer, n: int) -> Any:
        rows = self.new(n)

        def work(session: orm.Session) -> None:
            for row in rows:
                session.add(Book(**row))
                session.flush()

        return self.undone(timer, work)

    def bulk_new(self, timer: Timer, n: int) -> Any:
        books = [Book(**row) for row in self.new(n)]
        return self.undone(timer, lambda session: session.add_all(books))

    def save_changed(self, timer: Timer, n: int) -> Any:
        session = self.session()
        books = list(session.scalars(sa.select(Book).where(Book.id <= n).order_by(Book.id)))

        def work(session: orm.Session) -> None:
            for i, book in enumerate(books):
                book.title = f"Changed {i}"
                book.pages = i
                session.flush()

        return self.undone(timer, work, session)

    def bulk_changed(self, timer: Timer, n: int) -> Any:
        changes = [{"id": i + 1, "title": f"Changed {i}", "pages": i} for i in range(n)]
        return self.undone(timer, lambda session: session.execute(sa.update(Book), changes))

    def cascade(self, timer: Timer, n: int) -> Any:
        """It cascades for loaded instances; a statement for each table is how its users delete many."""
        books = sa.select(Book.id).where(Book.author_id <= n)

        def work(session: orm.Session) -> None:
            off = {"synchronize_session": False}
            session.execute(sa.delete(links).where(links.c.book_id.in_(books)))
            session.execute(sa.delete(Book).where(Book.author_id <= n), execution_options=off)
            session.execute(sa.delete(Review).where(Review.author_id <= n), execution_options=off)
            session.execute(sa.delete(Author).where(Author.id <= n), execution_options=off)

        return self.undone(timer, work)


def open(backend: str, url: str) -> SqlAlchemy:
    found = SqlAlchemy(backend, url)
    if backend == "postgresql":
        return AsyncSqlAlchemy(backend, url)
    return found


class AsyncSqlAlchemy(SqlAlchemy):
    """With 64 tasks on its asyncio extension."""

    async def tasks(self, timer: Timer, n: int) -> Any:
        import asyncio

        from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

        url = self.engine.url.set(drivername="postgresql+psycopg")
        engine = create_async_engine(url, pool_size=16, max_overflow=0, connect_args={"options": "-c timezone=UTC"})

        async def get(i: int) -> Any:
            async with AsyncSession(engine) as session:
                return await session.get(Book, i)

        async def task(k: int) -> list[Any]:
            return [await get(i) for i in range(1 + k, n + 1, 64)]

        with timer:
            groups = await asyncio.gather(*(task(k) for k in range(64)))
        await engine.dispose()
        return map(values, sorted((b for group in groups for b in group), key=lambda b: b.id))
