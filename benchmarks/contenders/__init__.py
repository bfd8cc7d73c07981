"""One script per contender, each run as a child of its own interpreter: nothing here imports another package's rival."""
