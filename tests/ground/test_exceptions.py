"""The errors: their hierarchy, and ValidationError in every shape."""

from __future__ import annotations

import pickle

import pytest

import rowsmith
from rowsmith import exceptions
from rowsmith.exceptions import NON_FIELD_ERRORS, ValidationError

feature = pytest.mark.feature


@feature("XC-001")
def test_every_documented_name_is_there():
    names = (
        "AppRegistryNotReady ConnectionDoesNotExist EmptyResultSet FieldDoesNotExist FieldError FieldFetchBlocked "
        "FullResultSet ImproperlyConfigured MultipleObjectsReturned NON_FIELD_ERRORS ObjectDoesNotExist "
        "ObjectNotUpdated SuspiciousFileOperation SuspiciousOperation SynchronousOnlyOperation "
        "TransactionManagementError ValidationError"
    )
    assert all(hasattr(exceptions, name) for name in names.split())


@feature("XC-005")
@pytest.mark.parametrize(
    "name, parent",
    [
        ("InterfaceError", "Error"),
        ("DatabaseError", "Error"),
        ("DataError", "DatabaseError"),
        ("OperationalError", "DatabaseError"),
        ("IntegrityError", "DatabaseError"),
        ("InternalError", "DatabaseError"),
        ("ProgrammingError", "DatabaseError"),
        ("NotSupportedError", "DatabaseError"),
    ],
)
def test_database_errors_follow_pep_249(name, parent):
    assert getattr(rowsmith, name) is getattr(exceptions, name)
    assert issubclass(getattr(exceptions, name), getattr(exceptions, parent))


@feature("XC-008")
def test_protected_and_restricted_tell_what_refers():
    error = exceptions.ProtectedError("no", {1, 2})
    assert error.protected_objects == {1, 2}
    assert exceptions.RestrictedError("no", [3]).restricted_objects == [3]
    assert isinstance(error, exceptions.IntegrityError)
    assert pickle.loads(pickle.dumps(error)).protected_objects == {1, 2}


def test_an_unknown_name_is_a_type_error_too():
    assert issubclass(exceptions.UnknownName, TypeError)
    assert issubclass(exceptions.UnknownName, exceptions.FieldError)


def test_details_of_a_database_error_survive_pickling():
    error = exceptions.UniqueViolation("twice")
    error.table, error.columns = "book", ("title",)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.table, copy.columns, copy.sqlstate) == ("twice", "book", ("title",), None)


@feature("XC-014", "V-049")
def test_a_single_error_has_message_code_and_params():
    error = ValidationError("%(value)s is odd", code="odd", params={"value": 3})
    assert (error.message, error.code, error.params) == ("%(value)s is odd", "odd", {"value": 3})
    assert error.messages == list(error) == ["3 is odd"]
    assert error.error_list == [error]
    assert str(error) == "['3 is odd']"
    assert repr(error) == "ValidationError(['3 is odd'])"
    assert not hasattr(error, "error_dict")
    with pytest.raises(AttributeError):
        error.message_dict
    assert ValidationError("100 %").messages == ["100 %"]


@feature("XC-014", "V-049")
def test_lists_are_flattened():
    error = ValidationError(["a", ValidationError("b", code="x"), ["c", ValidationError(["d"])]])
    assert error.messages == ["a", "b", "c", "d"]
    assert [one.code for one in error.error_list] == [None, "x", None, None]
    assert not hasattr(error, "message")
    assert ValidationError([{"field": ["e"]}, "f"]).messages == ["e", "f"]


@feature("XC-014", "V-049")
def test_mappings_keep_one_list_per_field():
    error = ValidationError({"name": "short", "age": [ValidationError("old"), "odd"], "x": ValidationError(["y"])})
    assert error.message_dict == dict(error) == {"name": ["short"], "age": ["old", "odd"], "x": ["y"]}
    assert error.messages == ["short", "old", "odd", "y"]
    assert all(isinstance(one, ValidationError) for one in error.error_dict["age"])
    assert str(error) == str({"name": ["short"], "age": ["old", "odd"], "x": ["y"]})


@feature("V-049")
def test_errors_can_be_copied_from_errors():
    single = ValidationError("a %(b)s", code="c", params={"b": 1})
    assert ValidationError(single) == single
    assert ValidationError(ValidationError(["a", "b"])).messages == ["a", "b"]
    assert ValidationError(ValidationError({"a": ["b"]})).message_dict == {"a": ["b"]}


@feature("V-049")
def test_errors_gather_in_a_dictionary():
    gathered: dict = {}
    ValidationError({"name": "short"}).update_error_dict(gathered)
    ValidationError({"name": "odd"}).update_error_dict(gathered)
    assert ValidationError(["all wrong"]).update_error_dict(gathered) is gathered
    assert ValidationError(gathered).message_dict == {"name": ["short", "odd"], NON_FIELD_ERRORS: ["all wrong"]}


@feature("XC-014", "V-049")
def test_equality_and_hash_do_not_look_at_the_order():
    def errors():
        yield ValidationError("a", code="x", params={"p": [1, {"q": 2}]})
        yield ValidationError(["a", "b", ValidationError("c", code="d")])
        yield ValidationError([ValidationError("c", code="d"), "b", "a"])
        yield ValidationError({"f": ["a", "b"], "g": "c"})
        yield ValidationError({"g": "c", "f": ["b", "a"]})

    single, ab, ba, fg, gf = errors()
    assert single == next(errors())
    assert ab == ba and hash(ab) == hash(ba)
    assert fg == gf and hash(fg) == hash(gf)
    assert len({single, ab, ba, fg, gf}) == 3
    assert ValidationError("a") != ValidationError("a", code="x")
    assert ValidationError("a") != "a"
    assert pickle.loads(pickle.dumps(fg)) == fg
