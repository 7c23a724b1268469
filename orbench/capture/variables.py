"""The environment variables of a run: an allow-list of those that change what a run computes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import translate
from functools import cache

from ..config_values import storable_text
from ..run import Document
from .secret_names import is_secret_variable
from .secrets import Redactor

__all__ = ["ALLOWED", "capture_variables", "names_matcher"]

ALLOWED = (
    # threads and numerics
    *("OMP_*", "MKL_*", "OPENBLAS_*", "BLIS_*", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_*", "KMP_*"),
    *("GOMP_*", "NUMBA_*", "TBB_*", "MALLOC_*"),
    # devices
    *("CUDA_*", "CUBLAS_*", "CUDNN_*", "NVIDIA_*", "NCCL_*", "GPU_*", "HIP_*", "ROCR_*", "HSA_*"),
    # frameworks
    *("XLA_*", "JAX_*", "TORCH_*", "PYTORCH_*", "TRITON_*", "ACCELERATE_*", "KERAS_*"),
    *("TF_DETERMINISTIC_OPS", "TF_CUDNN_*", "TF_XLA_FLAGS", "TF_NUM_*", "TF_ENABLE_ONEDNN_OPTS"),
    *(
        "TF_FORCE_GPU_ALLOW_GROWTH",
        "TF_GPU_ALLOCATOR",
        "TOKENIZERS_PARALLELISM",
        "HYDRA_FULL_ERROR",
    ),
    # environments
    *("MUJOCO_*", "PYOPENGL_PLATFORM", "EGL_*", "SDL_*", "DISPLAY", "ALE_*", "D4RL_*"),
    # Python and the loader
    *("PYTHONHASHSEED", "PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONUNBUFFERED", "PYTHONHOME"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONWARNINGS", "VIRTUAL_ENV", "CONDA_DEFAULT_ENV"),
    *("CONDA_PREFIX", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ"),
    # place in a job
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
    *("SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_ARRAY_*", "SLURM_PROCID", "SLURM_LOCALID"),
    *("SLURM_NTASKS*", "SLURM_NNODES", "SLURM_NODEID", "SLURM_CPUS_*", "SLURM_MEM_*"),
    *("SLURM_GPUS*", "SLURM_JOB_GPUS", "SLURM_JOB_PARTITION", "SLURM_JOB_NODELIST"),
    *("PBS_JOBID", "PBS_ARRAY_INDEX", "LSB_JOBID", "SGE_TASK_ID", "JOB_ID"),
)
"""Names, with `*` for anything, that are recorded; ORBENCH_CAPTURE_ENV adds to them."""


def capture_variables(redactor: Redactor, environ: Mapping[str, str]) -> Document:
    """The document `variables`: name and value of those allowed and set, sorted.

    ORBENCH_CAPTURE_ENV is a comma-separated list of more names. A variable with a secret name is
    never recorded, whatever the list says.
    """
    added = tuple(filter(None, map(str.strip, environ.get("ORBENCH_CAPTURE_ENV", "").split(","))))
    allowed = names_matcher(ALLOWED + added)
    return {
        storable_text(name): redactor.text(storable_text(value))
        for name, value in sorted(environ.items())
        if allowed.match(name) and not is_secret_variable(name)
    }


@cache
def names_matcher(names: tuple[str, ...] = ALLOWED) -> re.Pattern[str]:
    """What matches these names, in which `*` stands for anything."""
    return re.compile("|".join(map(translate, names)))
