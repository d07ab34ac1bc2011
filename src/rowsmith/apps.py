"""The registry of models, as users import it."""

from rowsmith.metadata.registry import AppConfig, Apps, apps

__all__ = ["AppConfig", "Apps", "apps"]
