"""A parsed file, or two merged ones, as `Settings`: defaults, checks, warnings."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from controller.config.paths import registry_directory
from controller.config.section import Reading, Section
from controller.config.settings import (
    MEMORY_LIMIT,
    RESPONSE_LIMIT,
    SCRIPT_TIMEOUT,
    ChunkingSettings,
    DatabaseSettings,
    EmbeddingSettings,
    RegistrySettings,
    RetrievalSettings,
    ScriptSettings,
    ServerSettings,
    Settings,
)
from controller.errors import ConfigError, UsageError
from controller.model.names import parse_source

_OWN_KEYS = ("path", "timeout")
"""Keys of a script's section that the script does not see, as in older releases of the format."""
_LATER_PROVIDERS = ("openai", "ollama", "local")
_LATER_CONNECTORS = ("filesystem", "git", "s3")


def parse_settings(reading: Reading, database: Path) -> Settings:
    """
    Turn tables into settings; `database` is the default of `db.path`.

    Warnings are appended to `reading.warnings`.

    Raises:
        ConfigError: A value cannot be used; the message names file and key.
        UndefinedVariableError: A path uses a variable that has no value.
    """
    root = Section(reading, (), reading.tree.values)
    connectors = root.table("connectors")
    settings = Settings(
        db=_database(root.table("db"), database),
        chunking=_chunking(root.table("chunking")),
        retrieval=_retrieval(root.table("retrieval")),
        embedding=_embedding(root.table("embedding")),
        server=_server(root.table("server")),
        scripts=_scripts(connectors.table("script")),
        registries=_registries(root.table("registries")),
        tools=root.table("tools").rest(),
        agents=root.table("agents").rest(),
        connectors=_later_connectors(connectors),
        vector_index=root.table("vector_index").rest(),
    )
    root.finish()
    return settings


def _database(section: Section, default: Path) -> DatabaseSettings:
    found = section.path("path")
    section.finish()
    return DatabaseSettings(path=default if found is None else found[1][0])


def _chunking(section: Section) -> ChunkingSettings:
    settings = ChunkingSettings(
        max_tokens=section.whole("max_tokens", 700, least=1),
        overlap_tokens=section.whole("overlap_tokens", 0, least=0),
    )
    if settings.overlap_tokens:
        section.warn("overlap_tokens", "has no effect: chunks do not overlap")
    section.finish()
    return settings


def _retrieval(section: Section) -> RetrievalSettings:
    settings = RetrievalSettings(
        final_limit=section.whole("final_limit", 12, least=1),
        hybrid_alpha=section.fraction("hybrid_alpha", 0.6),
        candidate_k_keyword=section.whole("candidate_k_keyword", 80, least=1),
        candidate_k_vector=section.whole("candidate_k_vector", 80, least=1),
        group_by=section.text("group_by", "document"),
        doc_agg=section.text("doc_agg", "max"),
        max_chunks_per_doc=section.whole("max_chunks_per_doc", 3, least=1),
    )
    section.finish()
    return settings


def _embedding(section: Section) -> EmbeddingSettings:
    provider = section.text("provider", "disabled")
    if provider in _LATER_PROVIDERS:
        raise ConfigError(
            f"{section.where()}: the provider '{provider}' is not built into this release",
            hint='write provider = "disabled"; searches go by keyword',
        )
    if provider != "disabled":
        raise section.wrong("provider", '"disabled"', provider)
    return EmbeddingSettings(provider, section.rest())


def _server(section: Section) -> ServerSettings:
    settings = ServerSettings(bind=section.text("bind", "127.0.0.1:7331"))
    section.finish()
    return settings


def _later_connectors(section: Section) -> Mapping[str, object]:
    later = {name: section.table(name).rest() for name in _LATER_CONNECTORS}
    for name, instances in later.items():
        if instances:
            section.warn(name, "is not built into this release; its sources are left out")
    section.finish()
    return {name: instances for name, instances in later.items() if instances}


def _scripts(section: Section) -> dict[str, ScriptSettings]:
    return {name: _script(section.table(name), name) for name in section.values}


def _script(section: Section, name: str) -> ScriptSettings:
    try:
        parse_source(f"script:{name}")
    except UsageError as error:
        raise ConfigError(
            f"{section.where()}: '{name}' cannot name a source",
            hint="use letters, digits, '-', '_' and '.'",
        ) from error
    found = section.path("path")
    if found is None:
        raise section.missing("path", 'name the script: path = "connectors/NAME.lua"')
    written, places = found
    settings = ScriptSettings(
        name=name,
        path=_existing((*places, *_from_working_directory(section, written, places))),
        written_path=written,
        origin=section.where(),
        timeout=section.duration("timeout", SCRIPT_TIMEOUT),
        memory_limit=section.size("memory_limit", MEMORY_LIMIT, least=16 << 20),
        max_response_size=section.size("max_response_size", RESPONSE_LIMIT, least=1024),
        env=_names(section),
        allowed_hosts=section.texts("allowed_hosts"),
        allowed_cidrs=section.networks("allowed_cidrs"),
        config={key: value for key, value in section.values.items() if key not in _OWN_KEYS},
    )
    _warn_of_near_misses(section)
    return settings


def _from_working_directory(
    section: Section, written: str, places: tuple[Path, ...]
) -> tuple[Path, ...]:
    # Older files count from where the command runs; only a script found nowhere else is taken there.
    return () if places[0] == Path(written) else (section.reading.directory / written,)


def _existing(places: tuple[Path, ...]) -> Path:
    return next((place for place in places if place.is_file()), places[0])


def _names(section: Section) -> tuple[str, ...]:
    value = section.raw("env")
    if value is not None and not isinstance(value, list):
        # An older script may have a setting of this name, and keeps it.
        section.warn("env", 'is left to the script; env = ["NAME"] is what lets env.get see NAME')
        return ()
    return section.texts("env")


def _warn_of_near_misses(section: Section) -> None:
    """Every other key is the script's own, so only a spelling very close to one of ours is told."""
    ours = [name for name in section.asked if name != "path"]
    for name in section.rest():
        nearest = get_close_matches(name.lower(), ours, n=1, cutoff=0.85)
        if nearest:
            section.warn(name, f"goes to the script as it is; did you mean '{nearest[0]}'?")


def _registries(section: Section) -> tuple[RegistrySettings, ...]:
    return tuple(_registry(section.table(name), name) for name in section.values)


def _registry(section: Section, name: str) -> RegistrySettings:
    found = section.path("path")
    environment = section.reading.environment
    settings = RegistrySettings(
        name=name,
        path=registry_directory(name, environment) if found is None else found[1][0],
        url=section.text("url", ""),
        branch=section.text("branch", "main"),
        readonly=section.flag("readonly"),
        auto_update=section.flag("auto_update"),
    )
    section.finish()
    return settings
