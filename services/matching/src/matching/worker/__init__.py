"""Works off matching runs, in a process of its own: `python -m matching.worker`."""
