"""The tables of a store, one definition for SQLite and PostgreSQL.

Metadata is relational and indexed; series are chunks (see `chunks`). Times are float64 seconds
since the epoch, UTC. SQLite keeps NaN as NULL, so a value that may be NaN is NULL when it is.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    literal_column,
)

from .chunk_size import CHUNK_POINTS

__all__ = [
    "SEARCHABLE_TEXT",
    "artifacts",
    "baselines",
    "blob_parts",
    "blobs",
    "chunks",
    "console",
    "create_tables",
    "documents",
    "metadata",
    "metrics",
    "packages",
    "params",
    "runs",
    "segments",
    "series",
    "small_chunk",
    "store_info",
    "summary_values",
    "tags",
    "tracker_links",
]

SEARCHABLE_TEXT = 200
"""Config and summary texts are searched by their first characters; `runs.config` has them whole."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes a rowid alias, and so counts up, only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")


def _run_key(*, primary_key: bool = False) -> Column[int]:
    return Column(
        "run_key",
        _Key,
        ForeignKey("runs.run_key", ondelete="CASCADE"),
        nullable=False,
        primary_key=primary_key,
    )


store_info = Table(
    "orbench_store",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

packages = Table(
    "packages",
    metadata,
    Column(
        "environment",
        String(64),
        ForeignKey("documents.sha256", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name", String(200), primary_key=True),
    Column("version", String(200), nullable=False),
    Index(None, "name", "version"),
)

runs = Table(
    "runs",
    metadata,
    Column("run_key", _Key, primary_key=True, autoincrement=True),
    Column("run_id", String(32), nullable=False, unique=True),
    Column("project", String(200), nullable=False, default=""),
    Column("exp_name", String(200), nullable=False, default=""),
    Column("env_id", String(200), nullable=False, default=""),
    Column("seed", BigInteger),
    Column("status", String(16), nullable=False),
    Column("started", Double, nullable=False),
    Column("last_started", Double, nullable=False),
    Column("ended", Double),
    Column("heartbeat", Double),
    Column("exit_code", Integer),
    Column("signal", Integer),
    Column("error", Text),
    Column("parent_id", String(32)),
    Column("host", String(255), nullable=False, default=""),
    Column("starts", Integer, nullable=False, default=1),
    # JSON as Python writes it: NaN and Infinity stand as such, integers have any size.
    Column("config", Text, nullable=False, default="{}"),
    Column("config_notes", Text, nullable=False, default="{}"),
    Column("config_hash", String(64), nullable=False, default=""),
    Column("summary", Text, nullable=False, default="{}"),
    Column("environment", String(64), ForeignKey("documents.sha256")),
    Column("source", String(64), ForeignKey("documents.sha256")),
    Column("machine", String(64), ForeignKey("documents.sha256")),
    Column("command", Text),
    Column("variables", Text),
    Column("seeds", Text),
    Column("capture", Text),
    Index(None, "project", "exp_name", "env_id", "seed"),
    Index(None, "exp_name", "env_id"),
    Index(None, "env_id"),
    Index(None, "started"),
    Index(None, "status", "heartbeat"),
    Index(None, "parent_id"),
    Index(None, "config_hash"),
    Index(None, "environment"),
    Index(None, "source"),
    Index(None, "machine"),
)


def _flattened(name: str) -> Table:
    """Flattened, typed values: `kind` is null, bool, int, float, str, or list (its JSON)."""
    return Table(
        name,
        metadata,
        _run_key(primary_key=True),
        Column("key", String(500), primary_key=True),
        Column("kind", String(8), nullable=False),
        Column("number", Double),
        Column("text", String(SEARCHABLE_TEXT)),
        Index(None, "key", "number"),
        Index(None, "key", "text"),
    )


params = _flattened("params")
summary_values = _flattened("summary_values")

tags = Table(
    "tags",
    metadata,
    _run_key(primary_key=True),
    Column("tag", String(200), primary_key=True),
    Index(None, "tag"),
)

metrics = Table(
    "metrics",
    metadata,
    Column("metric_key", _Key, primary_key=True, autoincrement=True),
    Column("name", String(500), nullable=False, unique=True),
)

series = Table(
    "series",
    metadata,
    Column("series_key", _Key, primary_key=True, autoincrement=True),
    _run_key(),
    Column("metric_key", _Key, ForeignKey("metrics.metric_key"), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("nan_count", BigInteger, nullable=False),
    Column("min_step", BigInteger, nullable=False),
    Column("max_step", BigInteger, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("last", Double),
    Column("last_wall_time", Double, nullable=False),
    # The ordinal of the chunk that comes next.
    Column("next_ordinal", Integer, nullable=False),
    Index(None, "run_key", "metric_key", unique=True),
    Index(None, "metric_key", "last"),
)

chunks = Table(
    "chunks",
    metadata,
    Column(
        "series_key", _Key, ForeignKey("series.series_key", ondelete="CASCADE"), primary_key=True
    ),
    # Counts up in the order of arrival and is never reused; gaps are left by compaction.
    Column("ordinal", Integer, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("nan_count", Integer, nullable=False),
    Column("first_step", BigInteger, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("minimum", Double),
    Column("maximum", Double),
    Column("last", Double),
    Column("codec", SmallInteger, nullable=False),
    Column("checksum", BigInteger, nullable=False),
    Column("steps", LargeBinary, nullable=False),
    Column("values", LargeBinary, nullable=False),
    Column("wall_times", LargeBinary, nullable=False),
)

# The limit stands in the SQL itself: a bound parameter would keep databases from the index.
small_chunk = chunks.c.n < literal_column(str(CHUNK_POINTS))
"""A chunk that is not full; all of a series' small chunks come after its full ones."""

_small_chunks = Index(
    "ix_chunks_small", chunks.c.series_key, chunks.c.ordinal, chunks.c.n, sqlite_where=small_chunk
)

console = Table(
    "console",
    metadata,
    _run_key(primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("stream", String(8), nullable=False),
    Column("time", Double, nullable=False),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("complete", Boolean, nullable=False),
)

blob_parts = Table(
    "blob_parts",
    metadata,
    Column("sha256", String(64), ForeignKey("blobs.sha256", ondelete="CASCADE"), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("compressed", Boolean, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("artifact_key", _Key, primary_key=True, autoincrement=True),
    _run_key(),
    Column("name", String(500), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("sha256", String(64), ForeignKey("blobs.sha256"), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("logged", Double, nullable=False),
    Column("metadata", Text, nullable=False, default="{}"),
    Index(None, "run_key", "name"),
    Index(None, "sha256"),
)

# The shipper's watermark: how far each journal segment is in the store. Kept after the journal is
# gone, so that a copy of it that turns up again adds nothing.
segments = Table(
    "segments",
    metadata,
    Column("segment_id", String(80), primary_key=True),
    _run_key(),
    Column("shipped", BigInteger, nullable=False),
    Column("closed", Boolean, nullable=False, default=False),
    Column("damage", Text, nullable=False, default=""),
    Index(None, "run_key"),
)

# What a tracker knows a run as, and how far the two are in step: `orbench.trackers` says how.
tracker_links = Table(
    "tracker_links",
    metadata,
    _run_key(primary_key=True),
    Column("tracker", String(500), primary_key=True),
    Column("updated", Double, nullable=False),
    Column("document", Text, nullable=False),
    Index(None, "tracker"),
)

# Baselines outlive their runs: they hold the scores themselves.
baselines = Table(
    "baselines",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("updated", Double, nullable=False),
    Column("document", Text, nullable=False),
)


def create_tables(connection: Connection) -> None:
    """Make every table and index in an empty database."""
    if connection.dialect.name == "postgresql":
        # Said only here: to name a dialect's option loads the dialect with all its drivers, which
        # takes an eighth of the start of a command on SQLite.
        _small_chunks.dialect_kwargs["postgresql_where"] = small_chunk
    metadata.create_all(connection, checkfirst=False)
