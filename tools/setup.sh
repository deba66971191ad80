#!/bin/sh
# Make .venv with the locked requirements in the file named, by uv where it is present, else by venv and pip.
# A half-made environment is deleted, so that the next try begins afresh.
set -eu
requirements=$1
python=${PYTHON:-python3.11}
command -v "$python" >/dev/null 2>&1 || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or later is needed; name it with PYTHON=/path/to/python" >&2
    exit 2
}
fresh=no
[ -x .venv/bin/python ] || fresh=yes
failed() {
    [ "$fresh" = yes ] && rm -rf .venv
    echo "The set-up failed; nothing was left behind that hinders another try." >&2
    echo "Behind a private certificate, set SSL_CERT_FILE to its file." >&2
    exit 1
}
if command -v uv >/dev/null 2>&1; then
    [ "$fresh" = no ] || uv venv -q --python "$python" .venv || failed
    uv pip install -q --python .venv/bin/python --require-hashes -r "$requirements" || failed
    uv pip install -q --python .venv/bin/python --no-deps -e . || failed
else
    [ "$fresh" = no ] || "$python" -m venv .venv || failed
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$requirements" || failed
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps -e . || failed
fi
