"""`python -m tests.matching.asking`: asks one path of a service for one person after the other, on one connection.

It is a process of its own, so that what is measured waits for nothing but the service. On stdin one JSON object: host,
port, path, headers; on stdout another: seconds of each request, and the mentors of each answer.
"""

import json
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any


def ask(given: Mapping[str, Any]) -> dict[str, Any]:
    """Each person's request."""
    waits, shown = [], []
    connection = HTTPConnection(given["host"], given["port"])
    for headers in given["headers"]:
        began = time.perf_counter()
        connection.request("GET", given["path"], headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        waits.append(time.perf_counter() - began)
        if answer.status != 200:
            raise SystemExit(body.decode())
        shown.append([one["mentor_id"] for one in json.loads(body)["items"]])
    connection.close()
    return {"waits": waits, "shown": shown}


if __name__ == "__main__":
    json.dump(ask(json.load(sys.stdin)), sys.stdout)
