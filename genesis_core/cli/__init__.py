"""The command ``genesis``: one module a command. What is heavy is imported when a command needs it."""

from __future__ import annotations

from genesis_core.cli.app import app, group_script, main, script

__all__ = ["app", "group_script", "main", "script"]
