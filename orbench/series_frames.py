"""A series table as frames of pandas, polars and pyarrow, each imported when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from .series_table import SeriesTable

__all__ = ["arrow_table", "pandas_frame", "polars_frame"]

_TEXTS_BEFORE = ("run_id", "project", "exp_name", "env_id")

# The types of packages that need not be installed are not known here; hence Any in this module.


def pandas_frame(table: SeriesTable) -> Any:
    """The table as a pandas.DataFrame: categories, int64 (Int64 with gaps for seeds), float64."""
    try:
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError as error:
        raise _not_installed("pandas") from error

    def texts(column: str) -> Any:
        names, codes = _coded(table, column)
        return pandas.Categorical.from_codes(np.repeat(codes, table.counts), categories=names)

    seeds = pandas.array(table.labels("seed").tolist(), dtype="Int64")
    if not seeds.isna().any():
        seeds = seeds.to_numpy(dtype=np.int64)
    every = np.repeat(np.arange(len(table.series)), table.counts)
    return pandas.DataFrame(
        {
            **{column: texts(column) for column in _TEXTS_BEFORE},
            "seed": seeds[every],
            "metric": texts("metric"),
            **{column: table[column] for column in ("step", "wall_time", "value")},
        }
    )


def polars_frame(table: SeriesTable) -> Any:
    """The table as a polars.DataFrame: Categorical, Int64 and Float64 columns."""
    try:
        import polars  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise _not_installed("polars") from error
    every = np.repeat(np.arange(len(table.series), dtype=np.uint32), table.counts)

    def texts(column: str) -> Any:
        labels = table.labels(column).tolist()
        return polars.Series(column, labels, dtype=polars.Categorical).gather(every)

    seeds = polars.Series("seed", table.labels("seed").tolist(), dtype=polars.Int64)
    return polars.DataFrame(
        [
            *(texts(column) for column in _TEXTS_BEFORE),
            seeds.gather(every),
            texts("metric"),
            *(polars.Series(name, table[name]) for name in ("step", "wall_time", "value")),
        ]
    )


def arrow_table(table: SeriesTable) -> Any:
    """The table as a pyarrow.Table: dictionary-encoded texts, int64 and double columns."""
    try:
        import pyarrow as arrow  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError as error:
        raise MissingExtraError("a Parquet file", "parquet") from error

    def texts(column: str) -> Any:
        names, codes = _coded(table, column)
        indices = np.repeat(codes, table.counts)
        return arrow.DictionaryArray.from_arrays(indices, arrow.array(names, arrow.string()))

    every = np.repeat(np.arange(len(table.series)), table.counts)
    seeds = arrow.array(table.labels("seed").tolist(), arrow.int64())
    return arrow.table(
        {
            **{column: texts(column) for column in _TEXTS_BEFORE},
            "seed": seeds.take(arrow.array(every)),
            "metric": texts("metric"),
            **{column: arrow.array(table[column]) for column in ("step", "wall_time", "value")},
        }
    )


def _coded(table: SeriesTable, column: str) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The distinct texts of a column, and for each series the number of its text (series)."""
    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(text, len(numbers)) for text in table.labels(column)]
    return list(numbers), np.array(codes, dtype=np.int32)


def _not_installed(package: str) -> UsageError:
    return UsageError(f"a frame of {package} needs {package}: pip install {package}")
