"""`python -m chassis.probe [readyz]`: ask this container's own service, for a HEALTHCHECK without curl."""

import http.client
import os
import sys


def main(arguments: list[str]) -> int:
    """0 when the probe answers 200, 1 otherwise."""
    path = arguments[0] if arguments else "readyz"
    port = int(os.environ.get("MENTORSHIP_PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", f"/{path}")
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
