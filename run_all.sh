#!/usr/bin/env bash
# Runs the study (./run_all.sh [PROFILE]) or its tests (./run_all.sh test); see --help.
# Uses the active virtual or conda environment when it has the study's packages; otherwise makes
# .venv from requirements.lock. Everything else is in mucpt_utils/teaching/runner.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

find_python() { # a Python of a supported version, the newest first
  local name
  for name in python3.12 python3.11 python3; do
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
      echo "$name"
      return
    fi
  done
  echo "run_all.sh: Python 3.11 or 3.12 is needed and was not found" >&2
  exit 1
}

make_environment() {
  local stamp=.venv/requirements.lock
  if ! cmp -s requirements.lock "$stamp"; then
    echo "run_all.sh: installing requirements.lock into .venv (a few minutes, once)" >&2
    "$(find_python)" -m venv .venv
    # MUCPT_TORCH_INDEX: package index to take torch from, for a CPU-only build
    if [ -n "${MUCPT_TORCH_INDEX:-}" ]; then
      .venv/bin/pip install --quiet "$(grep '^torch==' requirements.lock)" --index-url "$MUCPT_TORCH_INDEX"
    fi
    .venv/bin/pip install --quiet -r requirements.lock
    cp requirements.lock "$stamp"
  fi
}

if [ -n "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && python -c 'import datatrove, papermill, torch' 2>/dev/null; then
  python=python
else
  make_environment
  python=.venv/bin/python
fi
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
exec "$python" -m mucpt_utils run "$@"
