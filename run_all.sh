#!/usr/bin/env bash
# Runs the study (./run_all.sh [PROFILE]), its tests (./run_all.sh test) or JupyterLab over its
# notebooks (./run_all.sh lab); see --help.
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
    local install=(.venv/bin/pip install --quiet)
    # Python compiles a module when it is first imported; pip would compile all, a minute and more
    [ -n "${PYTHONDONTWRITEBYTECODE:-}" ] || install+=(--no-compile)
    # MUCPT_TORCH_INDEX: package index to take torch from, for a CPU-only build
    if [ -n "${MUCPT_TORCH_INDEX:-}" ]; then
      "${install[@]}" "$(grep '^torch==' requirements.lock)" --index-url "$MUCPT_TORCH_INDEX"
    fi
    "${install[@]}" -r requirements.lock
    cp requirements.lock "$stamp"
  fi
}

installed() { # whether Python finds this checkout's mucpt_utils, wherever it is started
  (cd / && "$python" -c 'import os, sys, mucpt_utils
sys.exit(not os.path.samefile(mucpt_utils.__path__[0], os.path.join(sys.argv[1], "mucpt_utils")))' \
    "$OLDPWD") 2>/dev/null
}

has_packages() { # whether the active environment is one for the study; nothing is imported
  python -c 'import importlib.util, sys
sys.exit(not all(map(importlib.util.find_spec, ("datatrove", "papermill", "torch"))))' 2>/dev/null
}

if [ -n "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && has_packages; then
  python=python
else
  make_environment
  python="$PWD/.venv/bin/python"
fi
if ! installed; then
  # an active environment that serves another checkout stays as it is; PYTHONPATH does for this run
  if [ "$python" != python ] || ! (cd / && python -c 'import mucpt_utils') 2>/dev/null; then
    echo "run_all.sh: installing mucpt_utils itself, editable" >&2
    "$python" -m pip install --quiet --no-deps --no-build-isolation --editable . ||
      echo "run_all.sh: mucpt_utils could not be installed; only run_all.sh will find it" >&2
  fi
  installed || export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
fi
exec "$python" -m mucpt_utils run "$@"
