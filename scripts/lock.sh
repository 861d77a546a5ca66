#!/usr/bin/env bash
# Writes the two locks: requirements/runtime.txt (what a user of the wheel gets) and
# requirements/dev.txt (that, the calendars extra, tests, linters and the build backend).
# Every package is pinned and hashed. One file serves all Python minors: where they differ
# (numpy, scipy) the lines carry markers. No index address is emitted: which index to ask
# is the business of whoever installs.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
compile=("$uv" pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url
    --no-header --no-annotate --only-binary :all: --python-version 3.11 pyproject.toml)
"${compile[@]}" --output-file requirements/runtime.txt
"${compile[@]}" --extra calendars --group dev --constraints requirements/runtime.txt \
    --output-file requirements/dev.txt
if grep -nE '://|--(extra-)?index|find-links' requirements/*.txt; then
    echo "a lock names an index; do not commit it" >&2
    exit 1
fi
grep -c '==' requirements/*.txt
