"""What a Python says of itself. Another Python than ours may run this file as it stands.

It needs nothing but the standard library of Python 3.7.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig
from typing import Any

__all__ = ["python_facts"]


def python_facts() -> dict[str, Any]:  # Any: nested JSON values
    """Version, build, prefix and import path of the Python that runs this."""
    conda = os.path.isdir(os.path.join(sys.prefix, "conda-meta"))  # noqa: PTH112, PTH118 - as above
    in_venv = sys.prefix != sys.base_prefix
    return {
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "build": sys.version,
            "compiler": platform.python_compiler(),
            "platform": sysconfig.get_platform(),
            "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
            "optimize": sys.flags.optimize,
            "prefix": sys.prefix,
            "prefix_kind": "conda" if conda else "venv" if in_venv else "system",
        },
        "path": [entry for entry in sys.path if entry],
    }


if __name__ == "__main__":
    print(json.dumps(python_facts()))  # noqa: T201 - the answer to who asked
