# Sourced by ./run and ./test: makes .venv with the locked dependencies and this checkout in it.
# The second start finds its stamp and does nothing.
# shellcheck shell=bash

unset PYTHONDONTWRITEBYTECODE # with its compiled modules kept, each of our processes starts in half the time

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 3
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

can_be_root() { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }

apt_install() { # packages; no service is started by their installation
    command -v apt-get >/dev/null && can_be_root || return 1
    say "installing $* with apt-get"
    local policy=/usr/sbin/policy-rc.d made=0 result=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made=1
    fi
    {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
            as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
                apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    } >&2 </dev/null || result=$?
    [ "$made" -eq 0 ] || as_root rm -f "$policy"
    return "$result"
}

recent_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in ${KAKEHASHI_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if command -v "$name" >/dev/null && recent_enough "$name"; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

make_venv() {
    local python
    if ! python=$(find_python); then
        command -v python3 >/dev/null || apt_install python3 python3-venv || true
        python=$(find_python) || die "Kakehashi needs Python 3.11 or newer. Found: $(python3 --version 2>&1 || true)." \
            "Name another one with KAKEHASHI_PYTHON=/path/to/python."
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install python3-venv "$("$python" -c 'import sys; print(f"python3.{sys.version_info.minor}-venv")')" ||
            apt_install python3-venv || true
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            die "$python cannot make virtual environments. On Debian: apt-get install python3-venv"
    fi
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
}

pip_install() {
    local wheels=${KAKEHASHI_WHEELS:-wheels} source=()
    if [ -d "$wheels" ]; then
        source=(--no-index --find-links "$wheels")
    fi
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "${source[@]}" "$@" >&2
}

whole_venv() { # made here (its scripts name this folder), and with pip in it
    grep -qF "$PWD/.venv" .venv/pyvenv.cfg 2>/dev/null && .venv/bin/python -c 'import pip' 2>/dev/null
}

stamp_of() { # lock file
    { cat pyproject.toml "$1" && pwd; } | sha256sum | cut -d' ' -f1
}

# bootstrap LOCK: what LOCK names is installed, and `kakehashi` of this checkout.
bootstrap() {
    local lock=$1 stamp want
    stamp=.venv/stamp-$lock want=$(stamp_of "$lock")
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
        return 0
    fi
    mkdir -p .cache
    exec 9>.cache/bootstrap.lock
    ! command -v flock >/dev/null || flock 9
    whole_venv || make_venv
    say "installing the locked dependencies of $lock"
    pip_install --require-hashes --requirement "$lock" || die \
        "the dependencies could not be installed. Without a network, put their wheels into wheels/" \
        "(or name a folder with KAKEHASHI_WHEELS); on a machine with a network they are fetched by:" \
        "python3 -m pip download --require-hashes -r $lock -d wheels"
    pip_install --no-deps --no-build-isolation --editable . || die "the checkout itself could not be installed"
    printf '%s\n' "$want" >"$stamp"
    exec 9>&-
}
