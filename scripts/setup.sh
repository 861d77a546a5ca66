#!/usr/bin/env bash
# Makes an environment: setup.sh PYTHON VENV LOCK PROJECT...
# Wheels only, each checked against the hash in LOCK; then PROJECT (a wheel, or an editable
# checkout whose build backend comes from the same lock), so nothing is fetched unlocked.
set -euo pipefail
python=$1
venv=$2
lock=$3
project=("${@:4}")

with_uv() {
    uv venv --quiet --allow-existing --python "$python" "$venv" &&
        uv pip sync --quiet --python "$venv/bin/python" --require-hashes --only-binary :all: "$lock" &&
        uv pip install --quiet --python "$venv/bin/python" --no-deps "${project[@]}"
}

with_pip() {
    "$python" -m venv "$venv"
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check)
    "${pip[@]}" install --quiet --require-hashes --only-binary :all: --requirement "$lock"
    "${pip[@]}" install --quiet --no-deps "${project[@]}"
}

echo "setting up $venv with $("$python" -V)" >&2
if command -v uv >/dev/null && with_uv; then
    exit 0
fi
# Also where uv failed: it does not read pip's configuration, which may name a mirror.
with_pip
