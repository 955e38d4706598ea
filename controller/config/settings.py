"""
What ctx.toml can say: one dataclass per section, one line per field.

Values only; `config.parse` fills them in and checks them.  Paths are absolute,
sizes are bytes.  `docs/reference/settings.md` lists the same fields for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

MEBIBYTE = 1024 * 1024
SCRIPT_TIMEOUT = timedelta(seconds=300)
MEMORY_LIMIT = 256 * MEBIBYTE
RESPONSE_LIMIT = 50 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """`[db]`"""

    path: Path
    """The SQLite file; its directory is created.  Default: `.ctx/data/ctx.sqlite`."""


@dataclass(frozen=True, slots=True)
class ChunkingSettings:
    """`[chunking]`"""

    max_tokens: int = 700
    """Longest chunk, at four bytes a token."""
    overlap_tokens: int = 0
    """Accepted for older files; chunks do not overlap."""

    @property
    def max_bytes(self) -> int:
        """Longest chunk in bytes of UTF-8."""
        return self.max_tokens * 4


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """`[retrieval]`"""

    final_limit: int = 12
    """Documents that a search returns when `--limit` does not say."""
    hybrid_alpha: float = 0.6
    """Weight of vectors against keywords, 0 to 1; waits for embeddings."""
    candidate_k_keyword: int = 80
    """Candidates by keyword before fusion; waits for embeddings."""
    candidate_k_vector: int = 80
    """Candidates by vector before fusion; waits for embeddings."""
    group_by: str = "document"
    """Accepted for older files; a search always returns documents."""
    doc_agg: str = "max"
    """Accepted for older files; a document counts as much as its best chunk."""
    max_chunks_per_doc: int = 3
    """Accepted for older files."""


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """`[embedding]`; this release searches by keyword and embeds nothing."""

    provider: str = "disabled"
    """Only `disabled`."""
    other: Mapping[str, object] = field(default_factory=dict)
    """`model`, `dims`, `batch_size`, … as written."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """`[server]`; read by a later release."""

    bind: str = "127.0.0.1:7331"
    """Address and port to listen on."""


@dataclass(frozen=True, slots=True)
class ScriptSettings:
    """`[connectors.script.NAME]`; every key that is not listed here belongs to the script."""

    name: str
    path: Path
    """The script; looked for beside the config file, then in the working directory."""
    written_path: str
    """The same as the user wrote it: how errors name the script."""
    origin: str
    """The file and the section, such as `ctx.toml [connectors.script.jira]`; opens messages."""
    timeout: timedelta = SCRIPT_TIMEOUT
    """For one call of `scan`; a number of seconds, or a duration such as "5m"."""
    memory_limit: int = MEMORY_LIMIT
    """What the script may hold; a number of MiB, or a size such as "256Mi"."""
    max_response_size: int = RESPONSE_LIMIT
    """One HTTP response, or one file; a number of MiB, or a size."""
    env: tuple[str, ...] = ()
    """Variables that `env.get` serves, beside those used as `${NAME}` in the section."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts that `http` may reach, `*.example.com` for a whole domain; empty: all public ones."""
    allowed_cidrs: tuple[str, ...] = ()
    """Private ranges that `http` may reach, such as "10.0.0.0/8"; none by default."""
    config: Mapping[str, object] = field(default_factory=dict)
    """What `scan` receives: the section without `path` and `timeout`, `${NAME}` not filled in."""


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """`[registries.NAME]` (specification 004 §3.1); a later section wins over an earlier one."""

    name: str
    path: Path
    """Where the registry lies on this disk.  Default: `registries/NAME` of the data directory."""
    url: str = ""
    """Git URL; empty for a registry that is only local."""
    branch: str = "main"
    """Branch or tag to track."""
    readonly: bool = False
    """True keeps extensions from being edited in place."""
    auto_update: bool = False
    """True lets an update pull without being asked for this registry by name."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole of ctx.toml, defaults filled in."""

    db: DatabaseSettings
    chunking: ChunkingSettings = ChunkingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    server: ServerSettings = ServerSettings()
    scripts: Mapping[str, ScriptSettings] = field(default_factory=dict)
    """`[connectors.script.*]` by name, in the order of the file."""
    registries: tuple[RegistrySettings, ...] = ()
    """In the order of the file, which is their precedence: the last one wins."""
    tools: Mapping[str, object] = field(default_factory=dict)
    """`[tools.*]` as written; this release serves no tools."""
    agents: Mapping[str, object] = field(default_factory=dict)
    """`[agents.*]` as written; this release serves no agents."""
    connectors: Mapping[str, object] = field(default_factory=dict)
    """`[connectors.filesystem|git|s3.*]` as written; not built into this release."""
    vector_index: Mapping[str, object] = field(default_factory=dict)
    """`[vector_index]` as written; waits for embeddings."""
