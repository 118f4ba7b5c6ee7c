#!/bin/sh
# Makes .venv with everything that uv.lock names. Needs Python 3.11 or newer with its venv module, and nothing else.
# Run by make whenever .venv is missing or older than what it is made from.
set -eu
cd "$(dirname "$0")/.."
uv_version=0.13.9
log=.venv/bootstrap.log

fail() {
  echo "make: $1" >&2
  exit 1
}

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 && is_recent "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  found=$("${PYTHON:-python3}" -V 2>&1) || found="no Python"
  fail "Python 3.11 or newer is needed and ${found} was found: install a newer one, or name it with PYTHON=/path/to/python3."
}

python=$(find_python)
if ! is_recent .venv/bin/python; then
  "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "This Python ($("$python" -V)) has no venv module: install it (on Debian and Ubuntu: apt install python3-venv)."
  "$python" -m venv --clear .venv 2>/dev/null || fail "The folder .venv cannot be made in $(pwd): is the disk full or the folder read-only?"
fi

if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
  echo "Installing uv into .venv ..."
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version" >"$log" 2>&1 ||
    fail "uv could not be installed; is the package index reachable? The last line of $log: $(tail -n 1 "$log")"
fi

# Compiled once here, not by each process at each start: that costs 5 s of CPU every time.
echo "Installing the packages of uv.lock into .venv ..."
.venv/bin/uv sync --frozen --inexact --compile-bytecode --python .venv/bin/python >"$log" 2>&1 ||
  fail "The packages of uv.lock could not be installed. The last line of $log: $(tail -n 1 "$log")"
touch .venv/.complete
