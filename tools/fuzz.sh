#!/usr/bin/env bash
# Fuzz the readers of what comes from outside: tools/fuzz.sh [SECONDS a target] [TARGET ...]
# Inputs that reach new lines are added to tests/fuzz/corpus, which ./test replays. A finding ends its target with the
# input in .cache/fuzz/found; exit code 1. Linux: atheris has no wheels for other systems.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-300}
shift || true
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(copybook_text copybook_record layout_file record_file charset_text sheet)
venv=.cache/fuzz/venv found=.cache/fuzz/found work=.cache/fuzz/corpus

stamp=$(sha256sum requirements-fuzz.lock)
if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
    "${KAKEHASHI_PYTHON:-python3}" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
    printf '%s\n' "$stamp" >"$venv/stamp"
fi
export PYTHONPATH=$PWD:$PWD/gateway
mkdir -p "$found" "$work"
"$venv/bin/python" -m tests.fuzz.corpus spread "$work"
failed=()
for target in "${targets[@]}"; do
    "$venv/bin/python" -m tests.fuzz.engine "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -use_value_profile=1 -artifact_prefix="$found/$target-" "$work/$target" || failed+=("$target")
done
"$venv/bin/python" -m tests.fuzz.corpus keep "$work"
[ "${#failed[@]}" -eq 0 ] || { printf 'findings: %s\n' "${failed[*]}" >&2; exit 1; }
