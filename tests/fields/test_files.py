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


class Picture(models.Model):
    """Its size stands before the picture, and is known when the row is written all the same."""

    wide = models.IntegerField(null=True, editable=False)
    image = models.ImageField(upload_to="pictures", storage=Here(), width_field="wide", height_field="high")
    high = models.IntegerField(null=True, editable=False)


def drawn(width, height, name="drawn.png"):
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "PNG")
    file.seek(0)
    file.name = name
    return file


@pytest.mark.feature("F-054")
def test_a_picture_tells_its_size(tables, folder):
    tables(Picture)
    picture = Picture(image=drawn(4, 3))
    assert (picture.image.width, picture.image.height) == (4, 3)
    picture.save()
    assert (picture.wide, picture.high) == (4, 3)
    stored = Picture.objects.get()
    assert (stored.wide, stored.high, stored.image.width, stored.image.height) == (4, 3, 4, 3)
    assert (folder / stored.image.name).read_bytes()[:4] == b"\x89PNG"
    # Another picture tells its size as soon as it is assigned.
    stored.image = drawn(9, 2)
    assert (stored.wide, stored.high) == (9, 2)
    stored.save()
    assert Picture.objects.values_list("wide", "high").get() == (9, 2)
    stored.image.delete()
    assert Picture.objects.values_list("wide", "high").get() == (None, None)
    assert Picture.objects.bulk_create([Picture(image=drawn(5, 6))])[0].wide == 5
    picture = Picture.objects.create(image=drawn(7, 8), high=models.Value(1) + 1)
    assert (picture.wide, picture.high) == (7, 8)


@pytest.mark.feature("F-054")
def test_what_is_no_picture_is_refused(tables, folder):
    tables(Picture)
    Picture(image=drawn(1, 1)).full_clean()
    broken = io.BytesIO(b"no picture at all")
    broken.name = "broken.png"
    with pytest.raises(ValidationError) as caught:
        Picture(image=broken).full_clean()
    assert [error.code for error in caught.value.error_dict["image"]] == ["invalid_image"]
    with pytest.raises(ValidationError, match="extension"):
        Picture(image=drawn(1, 1, "drawn.txt")).full_clean()


@pytest.mark.feature("F-054")
def test_pictures_need_pillow(monkeypatch):
    field = Picture._meta.get_field("image")
    assert list(check_field(field)) == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    [message] = check_field(field)
    assert message.id == "fields.E210"
    assert "Pillow" in message.hint
    assert field.clone().deconstruct()[3]["width_field"] == "wide"
