"""Hashes: digests of text in UTF-8, as hexadecimal digits."""

from __future__ import annotations

from rowsmith.functions.results import OfText


class MD5(OfText):
    """The MD5 digest."""

    lookup_name = "md5"


class SHA1(OfText):
    """The SHA-1 digest; PostgreSQL needs the extension pgcrypto."""

    lookup_name = "sha1"


class SHA224(OfText):
    """The SHA-224 digest."""

    lookup_name = "sha224"


class SHA256(OfText):
    """The SHA-256 digest."""

    lookup_name = "sha256"


class SHA384(OfText):
    """The SHA-384 digest."""

    lookup_name = "sha384"


class SHA512(OfText):
    """The SHA-512 digest."""

    lookup_name = "sha512"
