"""The redactor: secrets are replaced by `***` before anything is recorded.

What counts as a secret: the values of environment variables and of command line options with a
secret name, wherever they occur, credentials in URLs, assignments with a secret name, config
values under a secret key, tokens of a well-known shape, and private keys. A password that looks
like any other word and stands in neither the environment nor the command line cannot be told.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .secret_names import is_secret_key, is_secret_variable, secret_arguments, secret_values
from .secret_shapes import KEY_BEGIN, KEY_GAP, LONGEST_SHAPE, MASK, mask_shapes, shapes

__all__ = ["MASK", "RedactingStream", "Redactor"]

# Long texts are redacted in blocks that end at a line's end: one search holds the interpreter's
# lock for about a millisecond.
_BLOCK = 8_192
# What is begun as a private key and does not end within so much is none.
_MOST_HELD = 65_536


class Redactor:
    """Replaces secrets in texts, bytes, command lines, URLs and documents; keeps no state."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets` are texts to replace wherever they occur, besides what looks like one."""
        # The longest first: one secret may hold another.
        self._secrets = sorted({text for text in secrets if text}, key=len, reverse=True)
        self.longest = max([LONGEST_SHAPE, *map(len, self._secrets)])

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], argv: Sequence[str] = ()) -> Redactor:
        """A redactor that knows the secrets of these environment variables and this command line.

        Programs print their arguments.
        """
        return cls(secret_values(environ) | secret_arguments(argv))

    def text(self, text: str, pause: Callable[[], object] | None = None) -> str:
        """`text` without its secrets; `pause` is called between the blocks of a long one."""
        if len(text) <= _BLOCK:
            return self.mask(text)
        stream = RedactingStream(self)
        pieces: list[str] = []
        for start in range(0, len(text), _BLOCK):
            pieces.append(stream.feed_text(text[start : start + _BLOCK]))
            if pause is not None:
                pause()
        pieces.append(stream.flush_text())
        return "".join(pieces)

    def mask(self, text: str) -> str:
        """As `text`, in one go."""
        return mask_shapes(self.mask_known(text))

    def mask_known(self, text: str) -> str:
        """`text` without the secrets known by value."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def data(self, data: bytes, pause: Callable[[], object] | None = None) -> bytes:
        """`data`, of any encoding, without its secrets; other bytes stay as they are."""
        text = data.decode("utf-8", "surrogateescape")
        return self.text(text, pause).encode("utf-8", "surrogateescape")

    def url(self, url: str) -> str:
        """`url` without user, password and tokens; `ssh://git@host` keeps its user."""
        return self.text(url)

    def argv(self, argv: Sequence[str]) -> list[str]:
        """A command line without the values of options and assignments with a secret name."""
        words: list[str] = []
        after_secret_option = False
        for word in argv:
            name, equals, value = word.partition("=")
            if after_secret_option and not word.startswith("-"):
                words.append(MASK)
            elif equals and value and (is_secret_key(name) or _is_variable(name)):
                words.append(f"{name}={MASK}")
            else:
                words.append(self.text(word))
            after_secret_option = not equals and word.startswith("-") and is_secret_key(word)
        return words

    def document(self, document: Any, pause: Callable[[], object] | None = None) -> Any:
        """A JSON document without secrets: texts, keys, and all texts below a secret key."""
        if isinstance(document, str):
            return self.text(document, pause)
        if isinstance(document, Mapping):
            return {
                self.text(key): _mask_texts(value)
                if is_secret_key(key)
                else self.document(value, pause)
                for key, value in document.items()
            }
        if isinstance(document, list | tuple):
            if document and all(isinstance(word, str) and len(word) <= _BLOCK for word in document):
                return self.argv(document)  # a config may hold a command line
            return [self.document(element, pause) for element in document]
        return document

    def stream(self) -> RedactingStream:
        """A redactor for output that arrives in pieces."""
        return RedactingStream(self)


class RedactingStream:
    """Redacts output that arrives in pieces: a secret split over two of them is still found.

    It holds back what follows the last line's end, until that line ends, grows too long, or
    `flush` is called.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._held = ""

    def feed(self, data: bytes) -> bytes:
        """Take a piece; returns what is safe to record by now, perhaps nothing."""
        return self.feed_text(self._decoder.decode(data)).encode("utf-8", "surrogateescape")

    def flush(self) -> bytes:
        """The rest, redacted as if nothing followed."""
        rest = self.feed_text(self._decoder.decode(b"", final=True)) + self.flush_text()
        return rest.encode("utf-8", "surrogateescape")

    def feed_text(self, text: str) -> str:
        """As `feed`, for text."""
        held = self._held + text
        cut = max(held.rfind("\n"), held.rfind("\r")) + 1
        if cut == 0 and len(held) > _BLOCK + self._redactor.longest:
            held, cut = self._cut_within_a_line(held)
        if KEY_BEGIN in held and len(held) < _MOST_HELD:
            cut = _before_open_key(held[:cut])
        self._held = held[cut:]
        return self._redactor.mask(held[:cut])

    def flush_text(self) -> str:
        """As `flush`, for text."""
        held, self._held = self._held, ""
        return self._redactor.mask(held)

    def _cut_within_a_line(self, held: str) -> tuple[str, int]:
        """A line too long to wait for its end: where to cut it so that no secret is split."""
        held = self._redactor.mask_known(held)
        cut = max(0, len(held) - self._redactor.longest)
        for match in shapes().finditer(held):
            if match.start() < cut < match.end():
                cut = match.start()
        return held, cut


def _before_open_key(text: str) -> int:
    """Where a private key begins that goes on at the end of `text`; else the end."""
    start = text.rfind(KEY_BEGIN)
    match = shapes().match(text, start) if start >= 0 else None
    if match is None or match["private"] is None or match["end"] is not None:
        return len(text)
    goes_on = not text[match.end() :].strip(KEY_GAP)
    return start if goes_on else len(text)


def _is_variable(name: str) -> bool:
    return name.replace("_", "").isalnum() and name.isupper() and is_secret_variable(name)


def _mask_texts(value: Any) -> Any:
    if isinstance(value, str):
        return MASK if value else value
    if isinstance(value, Mapping):
        return {key: _mask_texts(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_texts(element) for element in value]
    return value
