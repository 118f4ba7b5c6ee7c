"""Asks the supervisor's HTTP side for what it received."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from mentorship.local.home import running_platform
from mentorship.problem import Problem


def ask(path: str, **query: object) -> Any:
    """The JSON answer to GET `path` of the running platform's supervisor."""
    wanted = {name: value for name, value in query.items() if value not in {None, ""}}
    url = f"{running_platform().supervisor_url}{path}{'?' + urlencode(wanted) if wanted else ''}"
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own URL
            return json.load(response)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise Problem("The supervisor does not answer: `mentorship status` shows what is the matter.") from error
