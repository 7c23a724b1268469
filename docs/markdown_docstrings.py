"""A Sphinx extension: docstrings are Markdown, in autodoc and on pages of their own.

`{docstring} module` puts the docstring of a module or an object on a Markdown page, so that a file
format is described once, beside the code that reads it.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FENCE = re.compile(r"^```(\w*)$")


class Docstring(SphinxDirective):
    """`{docstring} orbench.journal` or `{docstring} orbench.errors:near`: the docstring as text."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the docstring as the page around it is parsed."""
        module, _, name = self.arguments[0].partition(":")
        loaded = importlib.import_module(module)
        if loaded.__file__ is not None:
            self.env.note_dependency(loaded.__file__)
        found = getattr(loaded, name) if name else loaded
        text = inspect.getdoc(found)
        if not text:
            raise self.error(f"{self.arguments[0]} has no docstring")
        return self.parse_text_to_nodes(text)


def fences_to_rst(
    app: Sphinx, what: str, name: str, found: object, options: Any, lines: list[str]
) -> None:
    """Fenced code in a docstring, as reStructuredText has it; modules speak for themselves."""
    if what == "module":
        lines.clear()  # too much Markdown for this: `{docstring}` shows it
        return
    converted: list[str] = []
    inside = False
    for line in lines:
        fence = FENCE.match(line)
        if fence and not inside:
            converted += [f".. code-block:: {fence[1] or 'text'}", ""]
        elif not fence:
            converted.append(f"   {line}" if inside and line else line)
        inside = inside != bool(fence)
    lines[:] = converted


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the conversion."""
    app.add_directive("docstring", Docstring)
    app.connect("autodoc-process-docstring", fences_to_rst)
    return {"parallel_read_safe": True}
