"""File fields: a column with a file's name, and the file behind it."""

from __future__ import annotations

import datetime
import io
import os
import posixpath
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from rowsmith.exceptions import ValidationError
from rowsmith.fields.base import Field, G, S
from rowsmith.fields.storage import FileSystemStorage
from rowsmith.validators import validate_image_file_extension


class FieldFile:
    """The file that an instance's field names; false when it names none."""

    def __init__(self, instance: Any, field: Any, name: str | None) -> None:
        self.instance = instance
        self.field = field
        self.name = name
        # Content that is written when the instance is saved.
        self.pending: Any = None
        self._file: IO[Any] | None = None

    def __bool__(self) -> bool:
        return bool(self.name)

    def __str__(self) -> str:
        return self.name or ""

    def __repr__(self) -> str:
        return f"<FieldFile: {self.name or 'None'}>"

    def __eq__(self, other: object) -> bool:
        return self.name == (other.name if isinstance(other, FieldFile) else other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None, "pending": None}

    @property
    def storage(self) -> Any:
        return self.field.storage

    def _named(self) -> str:
        if not self.name:
            raise ValueError(f"The '{self.field.name}' attribute has no file associated with it.")
        return self.name

    @property
    def path(self) -> str:
        return str(self.storage.path(self._named()))

    @property
    def url(self) -> str:
        return str(self.storage.url(self._named()))

    @property
    def size(self) -> int:
        return int(self.storage.size(self._named()))

    @property
    def closed(self) -> bool:
        return self._file is None or self._file.closed

    def open(self, mode: str = "rb") -> FieldFile:
        self.close()
        self._file = self.storage.open(self._named(), mode)
        return self

    def read(self, size: int = -1) -> Any:
        if self._file is None:
            self.open()
        assert self._file is not None
        return self._file.read(size)

    def __enter__(self) -> FieldFile:
        return self if self._file is not None else self.open()

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        if self._file is None:
            self.open()
        return iter(self._file or ())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def save(self, name: str, content: Any, save: bool = True) -> None:
        """Write `content` under a name made from `name`, and by default save the instance."""
        wanted = self.field.generate_filename(self.instance, name)
        self.name = self.storage.save(wanted, content, max_length=self.field.max_length)
        self.pending = None
        self.instance.__dict__[self.field.attname] = self
        if save:
            self.instance.save()

    def delete(self, save: bool = True) -> None:
        """Delete the file, clear the field, and by default save the instance."""
        if not self.name:
            return
        self.close()
        self.storage.delete(self.name)
        self.name = None
        if save:
            self.instance.save()


class FileDescriptor:
    """Gives a `FieldFile` for whatever the instance holds: a name, a file to be written, or nothing."""

    def __init__(self, field: Any) -> None:
        self.field = field

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            held = instance.__dict__[self.field.attname]
        except KeyError:
            raise AttributeError(self.field.attname) from None
        if isinstance(held, self.field.attr_class) and held.instance is instance:
            return held
        if isinstance(held, FieldFile):
            held = held.name
        if held is None or isinstance(held, str):
            found = self.field.attr_class(instance, self.field, held)
        else:
            found = self.field.attr_class(instance, self.field, os.path.basename(getattr(held, "name", "") or "file"))
            found.pending = held
        instance.__dict__[self.field.attname] = found
        return found

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class FileField(Field[S, G]):
    """The name of a file, relative to its storage; the file itself is written when the instance is saved."""

    attr_class: type[FieldFile] = FieldFile
    descriptor_class = FileDescriptor
    description = "File"

    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        upload_to: str | os.PathLike[str] | Callable[[Any, str], str] = "",
        storage: Any = None,
        **options: Any,
    ) -> None:
        if options.get("primary_key"):
            raise TypeError(f"'primary_key' is not a valid argument for a {type(self).__name__}.")
        self._storage_source = storage
        self.storage = storage() if callable(storage) else storage if storage is not None else FileSystemStorage()
        self.upload_to = upload_to
        options.setdefault("max_length", 100)
        super().__init__(verbose_name, name, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if keywords.get("max_length") == 100:
            del keywords["max_length"]
        keywords["upload_to"] = self.upload_to
        if self._storage_source is not None:
            keywords["storage"] = self._storage_source
        return name, path, args, keywords

    def get_internal_type(self) -> str:
        return "FileField"

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, FieldFile):
            # A FieldFile without a name is an empty name: the column of a file is not null unless it says so.
            return None if value is None else str(value)
        return str(value)

    def generate_filename(self, instance: Any, filename: str) -> str:
        """The name for a file that came as `filename`: in the folder `upload_to`, with the date filled in."""
        if callable(self.upload_to):
            return str(self.upload_to(instance, filename)).replace("\\", "/")
        folder = datetime.datetime.now().strftime(os.fspath(self.upload_to))
        base = re.sub(r"(?u)[^-\w.]", "", os.path.basename(filename).strip().replace(" ", "_"))
        return posixpath.join(folder, base or "file")

    def pre_save(self, instance: Any, add: bool) -> Any:
        file = getattr(instance, self.attname)
        if file and file.pending is not None:
            file.save(file.name, file.pending, save=False)
        return file


class ImageFieldFile(FieldFile):
    """A file with a picture, which knows its size in pixels."""

    _dimensions: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        return self.dimensions[0]

    @property
    def height(self) -> int:
        return self.dimensions[1]

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height, read from the picture once; it may not be written yet."""
        if self._dimensions is None:
            with self._picture() as image:
                width, height = image.size
            self._dimensions = int(width), int(height)
        return self._dimensions

    def verify(self) -> None:
        """Raise what Pillow raises for a file that is no picture; only what is still to be written is looked at."""
        if self.pending is not None:
            with self._picture() as image:
                image.verify()

    @contextmanager
    def _picture(self) -> Iterator[Any]:
        from PIL import Image  # noqa: PLC0415 - optional, and slow to import

        if self.pending is None:
            with Image.open(self.path) as image:
                yield image
        elif hasattr(self.pending, "read"):
            place = self.pending.tell()
            self.pending.seek(0)
            try:
                yield Image.open(self.pending)
            finally:
                self.pending.seek(place)
        else:
            yield Image.open(io.BytesIO(self.pending))

    def save(self, name: str, content: Any, save: bool = True) -> None:
        self._dimensions = None
        super().save(name, content, save)

    def delete(self, save: bool = True) -> None:
        self._dimensions = None
        super().delete(save)


class ImageDescriptor(FileDescriptor):
    """The same for pictures: one that takes the place of another tells its size at once."""

    def __set__(self, instance: Any, value: Any) -> None:
        replaced = self.field.attname in instance.__dict__
        super().__set__(instance, value)
        if replaced:
            self.field.fill_dimensions(instance)


class ImageField(FileField[S, G]):
    """A file with a picture; `width_field` and `height_field` name the fields that keep its size. Needs Pillow."""

    attr_class = ImageFieldFile
    descriptor_class = ImageDescriptor
    default_validators = (validate_image_file_extension,)
    default_error_messages = {"invalid_image": "The file is not an image, or it is damaged."}
    description = "Image"

    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        width_field: str | None = None,
        height_field: str | None = None,
        **options: Any,
    ) -> None:
        self.width_field, self.height_field = width_field, height_field
        super().__init__(verbose_name, name, **options)

    @property
    def fills_others(self) -> bool:  # type: ignore[override]
        return bool(self.width_field or self.height_field)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        for option in ("width_field", "height_field"):
            if getattr(self, option):
                keywords[option] = getattr(self, option)
        return name, path, args, keywords

    def fill_dimensions(self, instance: Any) -> None:
        """Set the fields that keep the size of the picture; None without one."""
        if not self.fills_others:
            return
        file = getattr(instance, self.attname)
        width, height = file.dimensions if file else (None, None)
        for option, value in ((self.width_field, width), (self.height_field, height)):
            if option:
                setattr(instance, option, value)

    def pre_save(self, instance: Any, add: bool) -> Any:
        file = getattr(instance, self.attname)
        if not file or file.pending is not None:
            self.fill_dimensions(instance)
        return super().pre_save(instance, add)

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        if isinstance(value, ImageFieldFile):
            try:
                value.verify()
            except Exception as error:  # Pillow raises what the decoder of the format raises
                raise ValidationError(self.error_messages["invalid_image"], code="invalid_image") from error


class FilePathField(Field[S, G]):
    """The path of a file that is there already, below `path`, whose base name matches `match`."""

    description = "File path"

    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        path: str | os.PathLike[str] | Callable[[], str] = "",
        match: str | None = None,
        recursive: bool = False,
        allow_files: bool = True,
        allow_folders: bool = False,
        **options: Any,
    ) -> None:
        self.path, self.match, self.recursive = path, match, recursive
        self.allow_files, self.allow_folders = allow_files, allow_folders
        options.setdefault("max_length", 100)
        super().__init__(verbose_name, name, **options)

    def deconstruct(self) -> tuple[str | None, str, list[Any], dict[str, Any]]:
        name, path, args, keywords = super().deconstruct()
        if keywords.get("max_length") == 100:
            del keywords["max_length"]
        for option, default in (
            ("path", ""), ("match", None), ("recursive", False), ("allow_files", True), ("allow_folders", False),
        ):  # fmt: skip
            if getattr(self, option) != default:
                keywords[option] = getattr(self, option)
        return name, path, args, keywords

    @cached_property
    def root(self) -> Path:
        return Path(self.path() if callable(self.path) else self.path)

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else str(value)

    def get_choices(self, include_blank: bool = True, blank_choice: Any = (("", "---------"),)) -> list[Any]:
        """The paths that may be chosen, each with its part below `path` as the label."""
        pattern = re.compile(self.match) if self.match is not None else None
        found = []
        for entry in sorted(self.root.rglob("*") if self.recursive else self.root.glob("*")):
            wanted = (self.allow_files and entry.is_file()) or (self.allow_folders and entry.is_dir())
            if wanted and (pattern is None or pattern.search(entry.name)):
                found.append((str(entry), entry.relative_to(self.root).as_posix()))
        return [*(blank_choice if include_blank else ()), *found]

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        if value not in self.empty_values and value not in {path for path, _ in self.get_choices(False)}:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})
