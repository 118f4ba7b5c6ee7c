#!/usr/bin/env bash
# Shows the AsyncAPI document of each service, made as the service makes it, to the AsyncAPI command-line tool.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tool=@asyncapi/cli@3.6.0

if ! command -v npx >/dev/null; then
  echo "asyncapi: skipped, there is no Node here"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export ASYNCAPI_METRICS=false ASYNCAPI_METRICS_CONFIG_PATH=$folder/.asyncapi-analytics npm_config_ignore_scripts=true npm_config_loglevel=error
printf '{"analyticsEnabled": "false"}' >"$ASYNCAPI_METRICS_CONFIG_PATH"
if ! npx --yes "$tool" --version >"$folder/npm.log" 2>&1; then
  echo "asyncapi: skipped, the tool cannot be installed: $(tail -n 1 "$folder/npm.log")"
  exit 0
fi

.venv/bin/python - "$folder" <<'PYTHON'
import json
import sys
from pathlib import Path

from chassis.asyncapi import document_of
from contracts.event import events_of
from mentorship.eventdocs import subscriber_tables

for service, subscriptions in subscriber_tables().items():
    document = document_of(service, "0.1.0", subscriptions, events_of(service))
    Path(sys.argv[1], f"{service}.json").write_text(json.dumps(document, indent=1))
PYTHON

for document in "$folder"/*.json; do
  if ! npx --yes "$tool" validate "$document" --fail-severity=warn >"$folder/out" 2>&1; then
    cat "$folder/out"
    exit 1
  fi
  echo "asyncapi: $(basename "$document" .json) is valid"
done
