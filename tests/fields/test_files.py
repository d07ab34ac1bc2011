"""File fields: the name in the column, the file in the storage."""

from __future__ import annotations

import io

import pytest

from rowsmith import models
from rowsmith.exceptions import SuspiciousFileOperation, ValidationError
from rowsmith.files import FieldFile, FileSystemStorage
from rowsmith.metadata.checks import check_field


class Here(FileSystemStorage):
    folder = ""

    @property
    def location(self):
        return self.folder

    @property
    def base_url(self):
        return "/media/"


class Letter(models.Model):
    body = models.FileField(upload_to="letters", storage=Here())


@pytest.fixture
def folder(tmp_path):
    Here.folder = tmp_path
    return tmp_path


@pytest.mark.feature("F-050", "F-052", "F-053")
def test_a_file_is_written_when_its_instance_is_saved(tables, folder):
    tables(Letter)
    content = io.BytesIO(b"dear")
    content.name = "to ann.txt"
    letter = Letter(body=content)
    letter.save()
    stored = Letter.objects.get()
    assert (stored.body.name, stored.body.read(), stored.body.size) == ("letters/to_ann.txt", b"dear", 4)
    assert stored.body.url == "/media/letters/to_ann.txt"
    assert stored.body.path == str(folder / "letters" / "to_ann.txt")
    assert isinstance(stored.body, FieldFile)
    stored.body.close()
    stored.body.save("to ann.txt", b"again", save=True)
    assert Letter.objects.get().body.name.startswith("letters/to_ann_")
    stored.body.delete()
    assert not Letter.objects.get().body
    stored.delete()
    assert (folder / "letters" / "to_ann.txt").exists()


def test_a_field_without_a_file():
    assert not Letter().body
    with pytest.raises(ValueError, match="no file associated"):
        Letter().body.path


@pytest.mark.feature("F-051")
def test_the_folder_may_be_a_pattern_or_a_callable():
    assert models.FileField(upload_to="a/%Y").generate_filename(None, "x y.txt").endswith("/x_y.txt")
    named = models.FileField(upload_to=lambda instance, name: f"u/{instance}/{name}", storage=Here)
    assert named.generate_filename(7, "b") == "u/7/b"
    assert isinstance(named.storage, Here)


@pytest.mark.feature("F-050")
def test_names_cannot_lead_out_of_the_storage(folder):
    storage = Here()
    for name in ("../x", "/etc/x", "a/../../x"):
        with pytest.raises(SuspiciousFileOperation):
            storage.save(name, b"")
        with pytest.raises(SuspiciousFileOperation):
            storage.path(name)
    with pytest.raises(TypeError, match="primary_key"):
        models.FileField(primary_key=True)
    codes = [message.id for message in check_field(_named(models.FileField(upload_to="/abs")))]
    assert codes == ["fields.E202"]


def _named(field):
    field.set_attributes_from_name("file")
    return field


@pytest.mark.feature("F-049")
def test_paths_are_chosen_among_those_that_exist(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.txt", "b.py", "sub/c.txt"):
        (tmp_path / name).write_text("")
    flat = _named(models.FilePathField(path=lambda: tmp_path, match=r"\.txt$"))
    deep = _named(models.FilePathField(path=tmp_path, recursive=True, allow_folders=True))
    assert [label for _, label in flat.get_choices(False)] == ["a.txt"]
    assert [label for _, label in deep.get_choices(False)] == ["a.txt", "b.py", "sub", "sub/c.txt"]
    assert flat.clean(str(tmp_path / "a.txt"), None)
    with pytest.raises(ValidationError):
        flat.clean(str(tmp_path / "b.py"), None)
    none = _named(models.FilePathField(allow_files=False))
    assert [message.id for message in check_field(none)] == ["fields.E140"]
