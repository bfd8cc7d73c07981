"""One script per contender, each run as a child of its own interpreter."""
