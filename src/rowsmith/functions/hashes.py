"""Hashes: digests of text in UTF-8, as hexadecimal digits."""

from __future__ import annotations

from rowsmith.functions.results import Textual


class MD5(Textual):
    """The MD5 digest."""

    arity = 1
    lookup_name = "md5"


class SHA1(Textual):
    """The SHA-1 digest; PostgreSQL needs the extension pgcrypto."""

    arity = 1
    lookup_name = "sha1"


class SHA224(Textual):
    """The SHA-224 digest."""

    arity = 1
    lookup_name = "sha224"


class SHA256(Textual):
    """The SHA-256 digest."""

    arity = 1
    lookup_name = "sha256"


class SHA384(Textual):
    """The SHA-384 digest."""

    arity = 1
    lookup_name = "sha384"


class SHA512(Textual):
    """The SHA-512 digest."""

    arity = 1
    lookup_name = "sha512"
