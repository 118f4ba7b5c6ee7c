"""Commands of matching that need no server: match one file, prove a run."""
