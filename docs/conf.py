"""Sphinx configuration: `uv run --group docs sphinx-build -W -n docs docs/_build`."""

from __future__ import annotations

import sys
from pathlib import Path

import orbench

sys.path.insert(0, str(Path(__file__).parent))

project = "orbench"
author = "the orbench maintainers"
version = release = orbench.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "markdown_docstrings"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"orbench {version}"
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# Docstrings say `name` for code, as Markdown does.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88

# What the standard library and others document is named, not linked: no page needs the network.
# Types in signatures go by the module that defines them, whether a page describes them or not.
nitpick_ignore_regex = [("py:.*", r"(?!orbench\.).*"), ("py:class", r"orbench\.\w+(\.\w+)+")]
