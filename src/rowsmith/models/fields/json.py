"""The public face of JSON documents."""

from rowsmith.fields.json import JSONNull
from rowsmith.lookups.json import KT, HasAnyKeys, HasKey, HasKeys, KeyTextTransform, KeyTransform

__all__ = ["KT", "HasAnyKeys", "HasKey", "HasKeys", "JSONNull", "KeyTextTransform", "KeyTransform"]
