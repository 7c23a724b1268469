"""One record of a TensorBoard event file: where in its bytes the numbers stand.

| message | fields |
|---|---|
| Event | 1 wall_time (double), 2 step (int64), 5 summary |
| Summary | 1 value (repeated) |
| Value | 1 tag, 2 simple_value (float), 4 image, 5 histo, 6 audio, 8 tensor, 9 metadata |
| TensorProto | 1 dtype, 2 shape, 4 tensor_content, 5 float_val, 6 double_val, 8 string_val |
| SummaryMetadata | 1 plugin_data: 1 plugin_name, 2 content |

From tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto.
"""

from __future__ import annotations

from dataclasses import dataclass

from .wire import BYTES, FIXED32, FIXED64, VARINT, Field, fields, varint

__all__ = ["DTYPES", "RecordLayout", "Scalar", "Text", "layout_of"]

DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}
"""TensorFlow's numbers of types that a scalar may have, as numpy names them."""

_STRING = 7
_LISTS = {5: "<f4", 6: "<f8"}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number in a record: its tag, numpy's name of its type, and its place in the record."""

    tag: str
    dtype: str
    place: int


@dataclass(frozen=True, slots=True)
class Text:
    """Text, or what a plugin keeps, in a record: `plugin` is empty for what names none."""

    tag: str
    plugin: str
    data: bytes


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """Where the numbers of a record stand: `wall_time` and `step` are places, -1 if not there.

    The step is a varint of `step_size` bytes. `other` counts values by kind that are no numbers.
    """

    wall_time: int
    step: int
    step_size: int
    scalars: tuple[Scalar, ...]
    texts: tuple[Text, ...]
    other: tuple[str, ...]


def layout_of(record: bytes) -> RecordLayout:
    """The layout of a record; raises WireError for what is no Event."""
    wall_time = step = -1
    step_size = 0
    scalars: list[Scalar] = []
    texts: list[Text] = []
    other: list[str] = []
    for event in fields(record, 0, len(record)):
        if event.number == 1 and event.kind == FIXED64:
            wall_time = event.start
        elif event.number == 2 and event.kind == VARINT:
            step, step_size = event.start, event.end - event.start
        elif event.number == 5 and event.kind == BYTES:
            for value in fields(record, event.start, event.end):
                if value.number == 1 and value.kind == BYTES:
                    _value(record, value, scalars, texts, other)
    return RecordLayout(wall_time, step, step_size, tuple(scalars), tuple(texts), tuple(other))


def _value(
    record: bytes, value: Field, scalars: list[Scalar], texts: list[Text], other: list[str]
) -> None:
    parts = {part.number: part for part in fields(record, value.start, value.end)}
    tag = _text(record, parts[1]) if 1 in parts else ""
    plugin, content = _plugin(record, parts.get(9))
    if 2 in parts and parts[2].kind == FIXED32:
        scalars.append(Scalar(tag, "<f4", parts[2].start))
    elif 8 in parts and parts[8].kind == BYTES:
        number, text = _tensor(record, parts[8])
        if number is not None:
            scalars.append(Scalar(tag, *number))
        elif text is not None:
            texts.append(Text(tag, plugin or "text", text))
        elif not content:
            other.append(plugin or "tensor")
    else:
        kinds = {4: "images", 5: "histograms", 6: "audio"}
        other += [kinds[number] for number in parts if number in kinds]
    if content:
        texts.append(Text(tag, plugin, content))


def _tensor(record: bytes, tensor: Field) -> tuple[tuple[str, int] | None, bytes | None]:
    """Where the number of a tensor of one stands and its type, or the text of one of texts."""
    dtype = 0
    place: tuple[str, int, int] | None = None
    text = None
    shape = 1
    for part in fields(record, tensor.start, tensor.end):
        if part.number == 1 and part.kind == VARINT:
            dtype, _ = varint(record, part.start, part.end)
        elif part.number == 2 and part.kind == BYTES:
            shape = _elements(record, part)
        elif part.number == 4 and part.kind == BYTES:
            place = (DTYPES.get(dtype, ""), part.start, part.end - part.start)
        elif part.number in _LISTS and part.kind in (BYTES, FIXED32, FIXED64):
            place = (_LISTS[part.number], part.start, part.end - part.start)
        elif part.number == 8 and part.kind == BYTES:
            text = record[part.start : part.end]
    if dtype == _STRING:
        return None, text
    if place is None or not place[0] or shape != 1 or place[2] != int(place[0][2]):
        return None, None
    return place[:2], None


def _elements(record: bytes, shape: Field) -> int:
    """How many elements a shape has: the product of its dimensions (field 2, size 1)."""
    count = 1
    for part in fields(record, shape.start, shape.end):
        if part.number == 2 and part.kind == BYTES:
            for size in fields(record, part.start, part.end):
                if size.number == 1 and size.kind == VARINT:
                    count *= varint(record, size.start, size.end)[0]
    return count


def _plugin(record: bytes, metadata: Field | None) -> tuple[str, bytes]:
    name, content = "", b""
    if metadata is None or metadata.kind != BYTES:
        return name, content
    for part in fields(record, metadata.start, metadata.end):
        if part.number == 1 and part.kind == BYTES:
            for detail in fields(record, part.start, part.end):
                if detail.number == 1 and detail.kind == BYTES:
                    name = _text(record, detail)
                elif detail.number == 2 and detail.kind == BYTES and name == "hparams":
                    content = record[detail.start : detail.end]
    return name, content


def _text(record: bytes, part: Field) -> str:
    return record[part.start : part.end].decode("utf-8", "replace")
