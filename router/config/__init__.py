"""YAML text → typed, checked configuration. Reads strictly, reports every problem at once, touches only files."""

from router.config.loaded import LoadedConfig, Located, ResolvedProject
from router.config.loading import find_needs, find_packs, load_config, load_pack, load_pack_text, load_text
from router.config.needs import Need, Use
from router.config.packs import Pack

__all__ = [
    "LoadedConfig",
    "Located",
    "Need",
    "Pack",
    "ResolvedProject",
    "Use",
    "find_needs",
    "find_packs",
    "load_config",
    "load_pack",
    "load_pack_text",
    "load_text",
]
