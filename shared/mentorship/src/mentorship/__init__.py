"""The `mentorship` command: run the platform on one machine, operate it anywhere."""
