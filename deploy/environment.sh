#!/bin/sh
# Bring a virtual environment up to a requirements file: environment.sh FOLDER REQUIREMENTS STAMP
#
# PYTHON names the interpreter to build it from; otherwise it is the first Python 3.11 on the path.
set -eu
umask 022 # PostgreSQL runs from this folder as a user of its own when root starts it

folder=$1 requirements=$2 stamp=$3
python=$folder/bin/python
log=$folder/install.log

fail() {
    echo "$1" >&2
    exit 1
}

is_right() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

interpreter() {
    if [ -n "${PYTHON:-}" ]; then
        is_right "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 that runs."
        echo "$PYTHON"
        return
    fi
    for candidate in python3.11 python3 python; do
        if is_right "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Atelier needs Python 3.11: install it, or say where it is with make PYTHON=/path/to/python3.11."
}

is_environment() {
    is_right "$python" && "$python" -c 'import sys, pip; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null
}

make_environment() {
    if is_environment; then
        return
    fi
    base=$(interpreter)
    "$base" -m venv --clear "$folder" >/dev/null 2>&1 ||
        fail "$base -m venv failed: Python's venv module is needed (on Debian: apt install python3.11-venv)."
}

# Prints the name of each package as pip gets to it; the rest goes to the log.
install() {
    { "$python" -m pip install --disable-pip-version-check --progress-bar off \
        -r "$requirements" -c constraints.txt 2>&1 && touch "$stamp"; } |
        tee "$log" | awk '/^Collecting/ { print "  " $2; fflush() }'
    [ -e "$stamp" ] || fail "Installing failed: $(grep -E '^ERROR' "$log" | tail -n 1) (all of it: $log)"
}

make_environment
rm -f "$stamp"
echo "Installing what $requirements asks for (takes minutes the first time only)"
if [ "$(uname -s)" = Linux ] && [ -z "${PIP_EXTRA_INDEX_URL:-}" ] && ! command -v nvidia-smi >/dev/null; then
    echo "  No NVIDIA driver here: PyTorch's index of CPU builds, in PIP_EXTRA_INDEX_URL, spares the CUDA packages"
fi
install
