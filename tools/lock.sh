#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml. Needs uv; `tools/lock.sh --upgrade` takes newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() { # output, then options
    local output=$1
    shift
    uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --output-file "$output" "$@"
}

compile requirements.lock --group build "$@"
compile requirements-extras.lock --extra postgresql --extra sftp --constraints requirements.lock "$@"
compile requirements-dev.lock --extra postgresql --extra sftp --group build --group dev \
    --constraints requirements.lock --constraints requirements-extras.lock "$@"
compile requirements-fuzz.lock --group fuzz --constraints requirements.lock "$@"
