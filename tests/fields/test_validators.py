"""Validators: what each lets through, with the verdicts of the ecosystem's own ones."""

from __future__ import annotations

import decimal
import re

import pytest

from rowsmith import validators as v
from rowsmith.exceptions import ValidationError


def code(validator, value):
    try:
        validator(value)
    except ValidationError as error:
        return error.code
    return None


CASES = [
    ("V-055", v.URLValidator(), "http://example.com https://a.b-c.de:8000/x?y=1#z http://[::1]:80/ http://localhost "
     "http://user:pw@example.com http://例子.测试 ftp://foo.bar/ http://142.42.1.1/", "file:///etc http://example "
     "foo http://-a.com http://a..com http://[a http://256.1.1.1 rdar://1 http://foo:@:baz@x.com"),
    ("V-053", v.validate_email, "a@b.co email@localhost email@[127.0.0.1] \"a\"@b.com x@उदाहरण.परीक्षा",
     "abc a@ @b.com a@-b.com a..b@c.com a@b.c email@127.0.0.1 a@a.123"),
    ("V-054", v.validate_domain_name, "python.org xn--7ca6byfyc.com ıçğü.com", "127.0.0.1 localhost -a.com a..b"),
    ("V-054", v.DomainNameValidator(accept_idna=False), "python.org xn--7ca6byfyc.com", "ıçğü.com"),
    ("V-056", v.validate_slug, "a-b_1", "a.b ä"),
    ("V-056", v.validate_unicode_slug, "ä-b", "a.b"),
    ("V-056", v.validate_ipv4_address, "1.2.3.4", "1.2.3 01.2.3.4 ::1"),
    ("V-056", v.validate_ipv6_address, "::1 fe80::1", "1.2.3.4 ::zz"),
    ("V-056", v.validate_ipv46_address, "::1 1.2.3.4", "1.2"),
    ("V-056", v.validate_comma_separated_integer_list, "1 1,2", "1, a 1,,2 -1"),
    ("V-057", v.int_list_validator(sep=".", allow_negative=True), "1.-2 3", "1,2 --1"),
    ("V-056", v.validate_integer, "4 -5", "a 4.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    "validator, good, bad", [pytest.param(*case[1:], marks=pytest.mark.feature(case[0])) for case in CASES]
)
def test_good_and_bad_texts(validator, good, bad):
    assert [text for text in good.split() if code(validator, text) is not None] == []
    assert [text for text in bad.split() if code(validator, text) != "invalid"] == []


@pytest.mark.feature("V-053", "V-054", "V-055")
def test_lengths_are_limited():
    assert code(v.validate_email, "a" * 320 + "@b.com") == "invalid"
    assert code(v.validate_domain_name, "a." * 130 + "com") == "invalid"
    assert code(v.URLValidator(), "http://example.com/" + "a" * 2048) == "invalid"
    for text in ("a@b.com\n", "http://example.com\n"):
        assert code(v.validate_email if "@" in text else v.URLValidator(), text) == "invalid"


@pytest.mark.feature("V-055", "V-053")
def test_schemes_and_allowed_hosts_are_options():
    assert code(v.URLValidator(schemes=["git"]), "git://example.com") is None
    assert code(v.URLValidator(schemes=["git"]), "http://example.com") == "invalid"
    assert code(v.EmailValidator(allowlist=["intranet"]), "a@intranet") is None
    assert code(v.EmailValidator(allowlist=["intranet"]), "a@localhost") == "invalid"


@pytest.mark.feature("V-052")
def test_regular_expressions():
    assert code(v.RegexValidator("^a", code="no_a"), "b") == "no_a"
    assert code(v.RegexValidator("^a", inverse_match=True), "a") == "invalid"
    assert code(v.RegexValidator("^a", flags=re.IGNORECASE), "A") is None
    with pytest.raises(TypeError):
        v.RegexValidator(re.compile("a"), flags=re.IGNORECASE)


@pytest.mark.feature("V-058")
@pytest.mark.parametrize(
    "validator, good, bad, expected",
    [
        (v.MaxValueValidator(5), 5, 6, "max_value"),
        (v.MinValueValidator(5), 5, 4, "min_value"),
        (v.MinValueValidator(lambda: 5), 5, 4, "min_value"),
        (v.MaxLengthValidator(2), "ab", "abc", "max_length"),
        (v.MinLengthValidator(2), "ab", "a", "min_length"),
    ],
)
def test_limits(validator, good, bad, expected):
    assert code(validator, good) is None
    assert code(validator, bad) == expected


@pytest.mark.feature("V-059")
def test_steps():
    assert [code(v.StepValueValidator(3, offset=1.4), value) for value in (1.4, 4.4, 2)] == [None, None, "step_size"]
    assert code(v.StepValueValidator(0.1), 0.3) is None


@pytest.mark.feature("V-060")
@pytest.mark.parametrize(
    "text, expected",
    [("12.34", None), ("0", None), ("1E2", "max_whole_digits"), ("12345", "max_digits"),
     ("0.001", "max_decimal_places"),
     ("123.4", "max_whole_digits"), ("NaN", "invalid"), ("0E+5", None)],
)  # fmt: skip
def test_digits(text, expected):
    assert code(v.DecimalValidator(4, 2), decimal.Decimal(text)) == expected


@pytest.mark.feature("V-061")
def test_extensions_and_null_characters():
    image = type("File", (), {"name": "photo.JPG"})
    assert code(v.FileExtensionValidator(["jpg"]), image) is None
    assert code(v.FileExtensionValidator(["png"]), image) == "invalid_extension"
    assert code(v.ProhibitNullCharactersValidator(), "a\x00") == "null_characters_not_allowed"


@pytest.mark.feature("V-062")
def test_validators_are_compared_and_taken_apart():
    pairs = [
        (v.RegexValidator("a"), v.RegexValidator("a"), v.RegexValidator("b")),
        (v.MaxValueValidator(5), v.MaxValueValidator(5), v.MinValueValidator(5)),
        (v.DecimalValidator(4, 2), v.DecimalValidator(4, 2), v.DecimalValidator(5, 2)),
        (v.EmailValidator(), v.EmailValidator(), v.EmailValidator(message="x")),
        (v.FileExtensionValidator(["a"]), v.FileExtensionValidator(["A"]), v.FileExtensionValidator(["b"])),
        (v.StepValueValidator(3), v.StepValueValidator(3), v.StepValueValidator(3, offset=1)),
    ]
    for one, same, other in pairs:
        assert one == same
        assert hash(one) == hash(same)
        assert one != other
        path, args, keywords = one.deconstruct()
        assert path == f"rowsmith.validators.{type(one).__name__}"
        assert type(one)(*args, **keywords) == one


@pytest.mark.feature("V-052")
def test_a_subclass_may_give_its_expression_as_an_attribute():
    class Shouting(v.RegexValidator):
        regex = "^[A-Z]+$"
        code = "quiet"

    assert code(Shouting(), "ABC") is None
    assert code(Shouting(), "abc") == "quiet"
    assert code(Shouting("^x"), "x") is None
