"""`python -m matching.worker`: the process that works off runs."""

# Named so that a spawned child does not import this process's world again: the engine needs none of it.
import sys

from matching.worker.process import main

if __name__ == "__main__":
    sys.exit(main())
