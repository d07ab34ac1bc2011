"""Fixtures: files of objects, found by name and loaded as a whole or not at all."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from rowsmith import config
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.db.router import router
from rowsmith.db.transactions import Atomic
from rowsmith.exceptions import DatabaseError, ImproperlyConfigured
from rowsmith.execution.schema import sequence_resets
from rowsmith.metadata.tables import with_linking_tables
from rowsmith.migrations.places import package_of, registry
from rowsmith.serializers import deserialize, get_public_serializer_formats
from rowsmith.serializers.base import DeserializationError, DeserializedObject

STDIN = "-"


class FixtureError(Exception):
    """A fixture cannot be found, or not be loaded."""


def _first_of_archive(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        return io.BytesIO(archive.read(archive.namelist()[0]))


OPENERS: dict[str, Callable[[Path], IO[bytes]]] = {
    "": lambda path: path.open("rb"),
    "gz": lambda path: io.BytesIO(gzip.decompress(path.read_bytes())),
    "zip": _first_of_archive,
    "bz2": lambda path: io.BytesIO(bz2.decompress(path.read_bytes())),
    "lzma": lambda path: io.BytesIO(lzma.decompress(path.read_bytes())),
    "xz": lambda path: io.BytesIO(lzma.decompress(path.read_bytes())),
}
"""What opens a file, by the ending that tells how it is compressed."""


class Loading:
    """One run of loading.

    using:              the database to load into.
    ignorenonexistent:  leave out models and fields that there are not.
    app_label:          look only in the fixtures of this app.
    exclude:            models, and labels of apps, whose objects are left out.
    format:             the format of standard input, which the name "-" stands for.

    fixtures:  how many files were loaded.
    found:     how many objects they had.
    loaded:    how many of these were written: not those that are excluded, or that routers keep from the database.
    """

    def __init__(
        self,
        using: str = DEFAULT_DB_ALIAS,
        *,
        ignorenonexistent: bool = False,
        app_label: str | None = None,
        exclude: Collection[Any] = (),
        format: str | None = None,
        stdin: IO[Any] | None = None,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.using = using
        self.fixtures = self.found = self.loaded = 0
        self._ignoring = ignorenonexistent
        self._app_label = app_label
        self._exclude = exclude
        self._format = format
        self._stdin = stdin
        self._tell = tell
        self._models: dict[Any, None] = {}
        self._unfinished: list[DeserializedObject] = []

    def run(self, names: Iterable[str]) -> None:
        """Load fixtures in this order, in one transaction, at whose end all references have to be right.

        raises:  FixtureError; nothing is loaded then.
        """
        connection = connections[self.using]
        with connection.constraint_checks_disabled(), Atomic(self.using, savepoint=True, durable=False):
            for name in names:
                self._load(name)
            for obj in self._unfinished:
                obj.save_deferred_fields(using=self.using)
            if self._models:
                try:
                    connection.check_constraints([model._meta.db_table for model in with_linking_tables(self._models)])
                except DatabaseError as error:
                    raise FixtureError(f"Problem installing fixtures: {error}") from error
                for statement in sequence_resets(*self._models, using=self.using):
                    connection.execute(statement)

    def _load(self, name: str) -> None:
        if name == STDIN:
            if self._format is None:
                raise FixtureError("Standard input has no ending that tells its format: say --format.")
            self._load_stream(self._stdin or sys.stdin, self._format, "standard input")
            return
        places = list(self._find(name))
        if not places:
            looked = ", ".join(str(place) or "." for place in self._folders())
            raise FixtureError(f"No fixture named '{_stem(name)[0]}' found. Looked in: {looked}.")
        for path, format, compression in places:
            self._tell(f"Installing {format} fixture '{path}'.")
            self._load_stream(OPENERS[compression](path), format, str(path))

    def _load_stream(self, stream: IO[Any], format: str, what: str) -> None:
        self.fixtures += 1
        before = self.found
        try:
            objects = deserialize(
                format,
                stream,
                using=self.using,
                ignorenonexistent=self._ignoring,
                handle_forward_references=True,
            )
            for obj in objects:
                self.found += 1
                self._save(obj)
        except (DeserializationError, DatabaseError, UnicodeDecodeError) as error:
            raise FixtureError(f"Problem installing fixture '{what}': {error}") from error
        if self.found == before:
            warnings.warn(
                f"No fixture data found for '{what}'. (The file format may be invalid.)", RuntimeWarning, stacklevel=2
            )

    def _save(self, obj: DeserializedObject) -> None:
        model = type(obj.object)
        excluded = model in self._exclude or model._meta.app_label in self._exclude
        if excluded or not router.allow_migrate_model(self.using, model):
            return
        self.loaded += 1
        self._models[model] = None
        obj.save(using=self.using)
        if obj.deferred_fields:
            self._unfinished.append(obj)

    # Finding

    def _folders(self) -> list[Path]:
        """Where fixtures are looked for, in order."""
        configured = [Path(folder) for folder in config.current().fixture_dirs]
        if len(set(configured)) < len(configured):
            raise ImproperlyConfigured("fixture_dirs has a folder twice.")
        own = _app_folders()
        for label, folder in own.items():
            if folder in [one.resolve() for one in configured]:
                raise ImproperlyConfigured(
                    f"{folder} is looked into as the fixtures of the app {label!r} anyhow; take it out of fixture_dirs."
                )
        if self._app_label is not None:
            if self._app_label not in own:
                raise FixtureError(f"There is no app {self._app_label!r}; there are: {', '.join(sorted(own))}.")
            return [own[self._app_label]]
        return [*own.values(), *configured, Path()]

    def _find(self, name: str) -> Iterator[tuple[Path, str, str]]:
        stem, format, compression = _stem(name)
        formats = get_public_serializer_formats() if format is None else [format]
        compressions = list(OPENERS) if compression is None else [compression]
        path = Path(stem)
        for folder in [Path()] if path.is_absolute() else self._folders():
            here = [
                (file, form, squeezed)
                for alias in ("", f".{self.using}")
                for form in formats
                for squeezed in compressions
                if (file := folder / f"{stem}{alias}.{form}{'.' if squeezed else ''}{squeezed}").is_file()
            ]
            if len(here) > 1:
                raise FixtureError(f"Multiple fixtures named '{stem}' in {folder.resolve()}. Aborting.")
            yield from here
            if here and path.is_absolute():
                return


def _stem(name: str) -> tuple[str, str | None, str | None]:
    """A name without what tells the format and the compression, and these; None where the name does not tell."""
    stem, _, ending = name.rpartition(".")
    compression = ending if stem and ending in OPENERS and ending else None
    if compression is not None:
        name = stem
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    if not dot:
        return name, None, compression
    if ending not in get_public_serializer_formats():
        known = ", ".join(get_public_serializer_formats())
        raise FixtureError(
            f"Problem installing fixture '{name}': {ending} is not a known serialization format. Formats: {known}."
        )
    # A name that tells its format tells whether it is compressed, too.
    return f"{folder}{slash}{stem}", ending, compression or ""


def _app_folders() -> dict[str, Path]:
    """The folder `fixtures` beside the models of each app."""
    found: dict[str, Path] = {}
    for model in registry().get_models():
        module = sys.modules.get(package_of(model.__module__) or model.__module__)
        file = getattr(module, "__file__", None)
        if file is not None:
            found.setdefault(model._meta.app_label, Path(file).resolve().parent / "fixtures")
    return found


def load_fixtures(*names: str, using: str = DEFAULT_DB_ALIAS, **options: Any) -> Loading:
    """Load fixtures by name, and return what was loaded; see `Loading` for the options."""
    loading = Loading(using, **options)
    loading.run(names)
    return loading
