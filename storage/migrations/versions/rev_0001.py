"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables."""
    _make_shared_tables()
    _make_runs()
    _make_flattened("params")
    _make_flattened("summary_values")
    _make_belongings_of_runs()
    _make_artifacts()
    _make_series()
    _make_chunks()


def downgrade() -> None:
    """Refused: a store is copied, or restored from a backup, but never brought back."""
    raise NotImplementedError("a store cannot be brought back to an older schema")


def _run_key() -> sa.Column[int]:
    return sa.Column("run_key", _KEY, nullable=False)


def _of_run(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_run_key"
    return sa.ForeignKeyConstraint(["run_key"], ["runs.run_key"], name=name, ondelete="CASCADE")


def _make_shared_tables() -> None:
    op.create_table(
        "orbench_store",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_orbench_store"),
    )
    op.create_table(
        "documents",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_documents"),
    )
    op.create_table(
        "packages",
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["environment"],
            ["documents.sha256"],
            name="fk_packages_environment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("environment", "name", name="pk_packages"),
    )
    op.create_index("ix_packages_name_version", "packages", ["name", "version"])
    op.create_table(
        "metrics",
        sa.Column("metric_key", _KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("metric_key", name="pk_metrics"),
        sa.UniqueConstraint("name", name="uq_metrics_name"),
    )


def _make_runs() -> None:
    documents = ("environment", "source", "machine")
    op.create_table(
        "runs",
        sa.Column("run_key", _KEY, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("project", sa.String(200), nullable=False),
        sa.Column("exp_name", sa.String(200), nullable=False),
        sa.Column("env_id", sa.String(200), nullable=False),
        sa.Column("seed", sa.BigInteger()),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("started", sa.Double(), nullable=False),
        sa.Column("last_started", sa.Double(), nullable=False),
        sa.Column("ended", sa.Double()),
        sa.Column("heartbeat", sa.Double()),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("signal", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Column("parent_id", sa.String(32)),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("config_notes", sa.Text(), nullable=False),
        sa.Column("config_hash", sa.String(64), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        *(sa.Column(name, sa.String(64)) for name in documents),
        *(sa.Column(name, sa.Text()) for name in ("command", "variables", "seeds", "capture")),
        *(
            sa.ForeignKeyConstraint([name], ["documents.sha256"], name=f"fk_runs_{name}")
            for name in documents
        ),
        sa.PrimaryKeyConstraint("run_key", name="pk_runs"),
        sa.UniqueConstraint("run_id", name="uq_runs_run_id"),
    )
    for columns in (
        ["project", "exp_name", "env_id", "seed"],
        ["exp_name", "env_id"],
        ["env_id"],
        ["started"],
        ["status", "heartbeat"],
        ["parent_id"],
        ["config_hash"],
        *([name] for name in documents),
    ):
        op.create_index(f"ix_runs_{'_'.join(columns)}", "runs", columns)


def _make_flattened(table: str) -> None:
    op.create_table(
        table,
        _run_key(),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("number", sa.Double()),
        sa.Column("text", sa.String(200)),
        _of_run(table),
        sa.PrimaryKeyConstraint("run_key", "key", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_key_number", table, ["key", "number"])
    op.create_index(f"ix_{table}_key_text", table, ["key", "text"])


def _make_belongings_of_runs() -> None:
    op.create_table(
        "tags",
        _run_key(),
        sa.Column("tag", sa.String(200), nullable=False),
        _of_run("tags"),
        sa.PrimaryKeyConstraint("run_key", "tag", name="pk_tags"),
    )
    op.create_index("ix_tags_tag", "tags", ["tag"])
    op.create_table(
        "console",
        _run_key(),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("stream", sa.String(8), nullable=False),
        sa.Column("time", sa.Double(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _of_run("console"),
        sa.PrimaryKeyConstraint("run_key", "ordinal", name="pk_console"),
    )
    op.create_table(
        "segments",
        sa.Column("segment_id", sa.String(80), nullable=False),
        _run_key(),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("damage", sa.Text(), nullable=False),
        _of_run("segments"),
        sa.PrimaryKeyConstraint("segment_id", name="pk_segments"),
    )
    op.create_index("ix_segments_run_key", "segments", ["run_key"])


def _make_artifacts() -> None:
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_blobs"),
    )
    op.create_table(
        "blob_parts",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("compressed", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["blobs.sha256"], name="fk_blob_parts_sha256", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sha256", "part", name="pk_blob_parts"),
    )
    op.create_table(
        "artifacts",
        sa.Column("artifact_key", _KEY, autoincrement=True, nullable=False),
        _run_key(),
        sa.Column("name", sa.String(500), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("logged", sa.Double(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        _of_run("artifacts"),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name="fk_artifacts_sha256"),
        sa.PrimaryKeyConstraint("artifact_key", name="pk_artifacts"),
    )
    op.create_index("ix_artifacts_run_key_name", "artifacts", ["run_key", "name"])
    op.create_index("ix_artifacts_sha256", "artifacts", ["sha256"])


def _make_series() -> None:
    op.create_table(
        "series",
        sa.Column("series_key", _KEY, autoincrement=True, nullable=False),
        _run_key(),
        sa.Column("metric_key", _KEY, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("nan_count", sa.BigInteger(), nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=False),
        sa.Column("max_step", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("minimum", sa.Double()),
        sa.Column("maximum", sa.Double()),
        sa.Column("last", sa.Double()),
        sa.Column("last_wall_time", sa.Double(), nullable=False),
        sa.Column("next_ordinal", sa.Integer(), nullable=False),
        _of_run("series"),
        sa.ForeignKeyConstraint(
            ["metric_key"], ["metrics.metric_key"], name="fk_series_metric_key"
        ),
        sa.PrimaryKeyConstraint("series_key", name="pk_series"),
    )
    op.create_index(
        "ix_series_run_key_metric_key", "series", ["run_key", "metric_key"], unique=True
    )
    op.create_index("ix_series_metric_key_last", "series", ["metric_key", "last"])


def _make_chunks() -> None:
    op.create_table(
        "chunks",
        sa.Column("series_key", _KEY, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("nan_count", sa.Integer(), nullable=False),
        sa.Column("first_step", sa.BigInteger(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("minimum", sa.Double()),
        sa.Column("maximum", sa.Double()),
        sa.Column("last", sa.Double()),
        sa.Column("codec", sa.SmallInteger(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.Column("steps", sa.LargeBinary(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("wall_times", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_key"], ["series.series_key"], name="fk_chunks_series_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("series_key", "ordinal", name="pk_chunks"),
    )
    op.create_index(
        "ix_chunks_small",
        "chunks",
        ["series_key", "ordinal", "n"],
        sqlite_where=sa.text("n < 4096"),
        postgresql_where=sa.text("n < 4096"),
    )
