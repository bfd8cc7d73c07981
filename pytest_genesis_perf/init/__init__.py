"""``genesis-perf init``: the plugin put into a project."""
