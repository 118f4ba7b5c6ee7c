"""`python -m chassis.probe [readyz]`: ask a service on this machine how it is; for containers without curl."""

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 3.0


def main(arguments: list[str]) -> int:
    """Exit 0 for 200, 1 for anything else; the reason goes to stderr."""
    path = f"/{arguments[0].lstrip('/')}" if arguments else "/readyz"
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("MENTORSHIP_PORT", "8000")), timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        reason = answer.read(4096).decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        sys.stderr.write(f"{path}: {type(error).__name__}\n")
        return 1
    finally:
        connection.close()
    if answer.status != 200:
        sys.stderr.write(f"{path}: {answer.status} {reason}\n")
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
