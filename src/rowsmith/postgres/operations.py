"""Operations of PostgreSQL, for migrations and for code: extensions, collations, indexes and constraints in use."""

from __future__ import annotations

from typing import Any, ClassVar

from rowsmith import bridge
from rowsmith.config import DEFAULT_DB_ALIAS
from rowsmith.db import connections
from rowsmith.db.router import router
from rowsmith.exceptions import NotSupportedError
from rowsmith.migrations.operations import (
    AddConstraint,
    AddIndex,
    Operation,
    OperationCategory,
    RemoveIndex,
)
from rowsmith.models import CheckConstraint
from rowsmith.records import replace
from rowsmith.sql.ddl import DropIndex


class _Made(Operation):
    """What is made in a PostgreSQL database by its name, and not a part of any model."""

    reversible = True
    category: ClassVar[OperationCategory | None] = OperationCategory.ADDITION
    hints: dict[str, Any]

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def _wanted(self, app_label: str, schema_editor: Any) -> bool:
        connection = schema_editor.connection
        return connection.vendor == "postgresql" and router.allow_migrate(
            connection.alias, app_label, **getattr(self, "hints", {})
        )

    def create(self, using: str = DEFAULT_DB_ALIAS) -> None:
        """Make it now, without a migration."""
        with connections[using].schema_editor() as editor:
            self.database_forwards("", editor, None, None)

    async def acreate(self, using: str = DEFAULT_DB_ALIAS) -> None:
        """The awaitable twin of `create`."""
        await bridge.run(self.create, using)

    def drop(self, using: str = DEFAULT_DB_ALIAS) -> None:
        """Drop it now, without a migration."""
        with connections[using].schema_editor() as editor:
            self.database_backwards("", editor, None, None)

    async def adrop(self, using: str = DEFAULT_DB_ALIAS) -> None:
        """The awaitable twin of `drop`."""
        await bridge.run(self.drop, using)


class CreateExtension(_Made):
    """Have the server load an extension into the database, unless it is there.

    hints:  handed to the routers' allow_migrate().
    """

    def __init__(self, name: str, hints: dict[str, Any] | None = None) -> None:
        self.name = name
        self.hints = hints or {}

    def _is_there(self, schema_editor: Any) -> bool:
        query = "SELECT 1 FROM pg_extension WHERE extname = $1"
        return bool(schema_editor.connection.fetch(query, (self.name,), list))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self._wanted(app_label, schema_editor) and not self._is_there(schema_editor):
            schema_editor.execute(f"CREATE EXTENSION IF NOT EXISTS {schema_editor.quote_name(self.name)}")

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self._wanted(app_label, schema_editor) and self._is_there(schema_editor):
            schema_editor.execute(f"DROP EXTENSION IF EXISTS {schema_editor.quote_name(self.name)}")

    def describe(self) -> str:
        return f"Creates extension {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"create_extension_{self.name.replace('-', '_')}"


class _Known(CreateExtension):
    """An extension that comes with the server."""

    extension: ClassVar[str]

    def __init__(self, hints: dict[str, Any] | None = None) -> None:
        super().__init__(self.extension, hints)


class BloomExtension(_Known):
    """Small indexes of many columns."""

    extension = "bloom"


class BtreeGinExtension(_Known):
    """GIN indexes of plain values."""

    extension = "btree_gin"


class BtreeGistExtension(_Known):
    """GiST indexes of plain values, as exclusion constraints need them for equality."""

    extension = "btree_gist"


class CITextExtension(_Known):
    """Texts that are compared without regard to case."""

    extension = "citext"


class CryptoExtension(_Known):
    """Digests, among them those of `SHA1` and the like."""

    extension = "pgcrypto"


class HStoreExtension(_Known):
    """Texts by their keys, for HStoreField."""

    extension = "hstore"


class TrigramExtension(_Known):
    """Similarity of texts, for the trigram lookups."""

    extension = "pg_trgm"


class UnaccentExtension(_Known):
    """Texts without accents, for the `unaccent` transform."""

    extension = "unaccent"


class VectorExtension(_Known):
    """Vectors, for VectorField; pgvector."""

    extension = "vector"


class _Collation(_Made):
    """A collation by its name."""

    providers: ClassVar[tuple[str, ...]] = ("libc", "icu", "builtin")

    def __init__(self, name: str, locale: str, *, provider: str = "libc", deterministic: bool = True) -> None:
        if provider not in self.providers:
            raise ValueError(f"provider is one of {', '.join(map(repr, self.providers))}, not {provider!r}.")
        self.name, self.locale = name, locale
        self.provider, self.deterministic = provider, deterministic

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        keywords: dict[str, Any] = {"name": self.name, "locale": self.locale}
        if self.provider != "libc":
            keywords["provider"] = self.provider
        if not self.deterministic:
            keywords["deterministic"] = False
        return type(self).__name__, [], keywords

    def _create(self, schema_editor: Any) -> None:
        if not self.deterministic and self.provider != "icu":
            raise NotSupportedError(
                f"Collations of the provider {self.provider!r} find texts equal that are the same and no others: "
                "write provider='icu' for one that is not deterministic."
            )
        quote = schema_editor.quote_name
        options = [f"locale = {quote(self.locale)}"]
        if self.provider != "libc":
            options.append(f"provider = {quote(self.provider)}")
        if not self.deterministic:
            options.append("deterministic = false")
        schema_editor.execute(f"CREATE COLLATION {quote(self.name)} ({', '.join(options)})")

    def _remove(self, schema_editor: Any) -> None:
        schema_editor.execute(f"DROP COLLATION {schema_editor.quote_name(self.name)}")


class CreateCollation(_Collation):
    """Make a collation.

    locale:         what the provider calls it, such as `fr-x-icu` or `und-u-ks-level2`.
    provider:       `libc`, `icu` or `builtin`.
    deterministic:  False for texts that are equal though their bytes differ, as in another case (icu only).
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self._wanted(app_label, schema_editor):
            self._create(schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self._wanted(app_label, schema_editor):
            self._remove(schema_editor)

    def describe(self) -> str:
        return f"Create collation {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"create_collation_{self.name.lower()}"


class RemoveCollation(_Collation):
    """Drop a collation; its arguments make it again when the migration is undone."""

    category = OperationCategory.REMOVAL

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self._wanted(app_label, schema_editor):
            self._remove(schema_editor)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self._wanted(app_label, schema_editor):
            self._create(schema_editor)

    def create(self, using: str = DEFAULT_DB_ALIAS) -> None:
        """Make it now, without a migration."""
        with connections[using].schema_editor() as editor:
            self.database_backwards("", editor, None, None)

    def drop(self, using: str = DEFAULT_DB_ALIAS) -> None:
        """Drop it now, without a migration."""
        with connections[using].schema_editor() as editor:
            self.database_forwards("", editor, None, None)

    def describe(self) -> str:
        return f"Remove collation {self.name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"remove_collation_{self.name.lower()}"


# Tables in use


def _outside_of_transactions(operation: Operation, schema_editor: Any) -> None:
    if schema_editor.connection.in_atomic_block:
        raise NotSupportedError(
            f"The {type(operation).__name__} operation cannot be executed inside a transaction: set atomic = False on "
            "the migration."
        )


def _make(operation: Any, app_label: str, schema_editor: Any, model_state: Any, index: Any) -> None:
    """Make an index while the table is read and written."""
    _outside_of_transactions(operation, schema_editor)
    model = operation._model(app_label, schema_editor, model_state)
    made = None if model is None else schema_editor.maker.index(model, index)
    if made is not None:
        schema_editor.flush()
        schema_editor.run(replace(made, concurrently=True))


def _unmake(operation: Any, app_label: str, schema_editor: Any, model_state: Any, index: Any) -> None:
    _outside_of_transactions(operation, schema_editor)
    model = operation._model(app_label, schema_editor, model_state)
    made = None if model is None else schema_editor.maker.index(model, index)
    if made is not None:
        schema_editor.flush()
        schema_editor.run(DropIndex(replace(made, concurrently=True), made.name))


class AddIndexConcurrently(AddIndex):
    """Make an index without locking the table against writes; in a migration that is not atomic."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        _make(self, app_label, schema_editor, to_state, self.index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        _unmake(self, app_label, schema_editor, from_state, self.index)

    def describe(self) -> str:
        over = ", ".join(self.index.fields) or ", ".join(map(str, self.index.expressions))
        return f"Concurrently create index {self.index.name} on field(s) {over} of model {self.model_name}"


class RemoveIndexConcurrently(RemoveIndex):
    """Drop an index without locking the table against writes; in a migration that is not atomic."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        index = from_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        _unmake(self, app_label, schema_editor, from_state, index)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        _make(self, app_label, schema_editor, to_state, index)

    def describe(self) -> str:
        return f"Concurrently remove index {self.name} from {self.model_name}"


class AddConstraintNotValid(AddConstraint):
    """Have a check constraint kept from now on, without a look at the rows that are there."""

    def __init__(self, model_name: str, constraint: Any) -> None:
        if not isinstance(constraint, CheckConstraint):
            raise TypeError(f"AddConstraintNotValid takes a CheckConstraint, not {constraint!r}.")
        super().__init__(model_name, constraint)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = self._model(app_label, schema_editor, to_state)
        made = None if model is None else schema_editor.maker.constraint(model, self.constraint)
        if made is not None:
            schema_editor.flush()
            spelled = schema_editor.definitions.constraint(made)
            table = schema_editor.quote_name(model._meta.db_table)
            schema_editor.execute(f"ALTER TABLE {table} ADD {spelled} NOT VALID")

    def describe(self) -> str:
        return f"Create not valid constraint {self.constraint.name} on model {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{super().migration_name_fragment}_not_valid"


class ValidateConstraint(Operation):
    """Have the rows looked at that were there before a constraint."""

    category = OperationCategory.ALTERATION

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name, self.name = model_name, name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [], {"model_name": self.model_name, "name": self.name}

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            quote = schema_editor.quote_name
            schema_editor.execute(
                f"ALTER TABLE {quote(model._meta.db_table)} VALIDATE CONSTRAINT {quote(self.name)}"
            )

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Rows that were looked at stay so."""

    def describe(self) -> str:
        return f"Validate constraint {self.name} on model {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name.lower()}_validate_{self.name.lower()}"
