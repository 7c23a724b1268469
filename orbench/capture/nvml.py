"""NVIDIA's management library, where its Python package (extra `gpu`) and a driver are there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["as_text", "nvml_devices", "open_nvml", "visible_devices"]

# Without a driver the package, which takes a tenth of a second to import, need not be asked.
_DRIVER_SIGNS = ("/dev/nvidiactl", "/proc/driver/nvidia", "/dev/dxg")


def open_nvml() -> Any:  # Any: pynvml has no types
    """The initialised `pynvml` module, None where package, library or driver is missing."""
    if sys.platform == "linux" and not any(Path(sign).exists() for sign in _DRIVER_SIGNS):
        return None
    try:
        import pynvml  # type: ignore[import-untyped]

        pynvml.nvmlInit()
    except Exception:  # its own errors, and whatever a broken driver makes ctypes raise
        return None
    return pynvml


def nvml_devices(nvml: Any) -> dict[int, Any]:
    """The handles of the GPUs by index: those that CUDA_VISIBLE_DEVICES shows to the program."""
    shown = visible_devices(os.environ.get("CUDA_VISIBLE_DEVICES"))
    devices = {}
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        if shown is None or str(index) in shown or _uuid(nvml, handle).startswith(tuple(shown)):
            devices[index] = handle
    return devices


def visible_devices(setting: str | None) -> set[str] | None:
    """The indices and UUID beginnings in a CUDA_VISIBLE_DEVICES, None for all.

    As CUDA does, it stops at the first entry that is neither, so that `-1` hides every GPU.
    """
    if setting is None:
        return None
    shown: set[str] = set()
    for word in map(str.strip, setting.split(",")):
        if not word.isdigit() and not word.startswith(("GPU-", "MIG-")):
            break
        shown.add(word)
    return shown


def _uuid(nvml: Any, handle: Any) -> str:
    return as_text(nvml.nvmlDeviceGetUUID(handle))


def as_text(value: str | bytes) -> str:
    """What older releases of pynvml give as bytes, as text."""
    return value.decode() if isinstance(value, bytes) else value
