"""Search parameters and rank what was found, under the name of the original tool.

    python scripts/optimizer.py summarize results/my-study --top 20

All commands and options are those of ``genesis optimize``.
"""

from __future__ import annotations

from genesis_core.cli import group_script

if __name__ == "__main__":
    group_script("optimize", "optimizer.py")
