"""Files of file fields, as users import them."""

from rowsmith.fields.files import FieldFile
from rowsmith.fields.storage import FileSystemStorage

__all__ = ["FieldFile", "FileSystemStorage"]
