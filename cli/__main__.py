"""`python -m orbench.cli` is `orbench`."""

import sys

from . import main

sys.exit(main())
