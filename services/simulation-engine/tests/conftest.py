"""Makes `simulation_scene` importable: this folder's name is no package name, so relative imports cannot reach it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
