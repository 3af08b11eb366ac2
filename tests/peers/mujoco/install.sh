#!/usr/bin/env bash
# Installs MuJoCo for compare.py into a virtual environment of its own.
# Usage: install.sh [FOLDER]   (default: ~/.cache/foresight-peers/mujoco)
# Prints the path of the environment's Python. Does nothing when the environment is complete.
set -euo pipefail

folder="${1:-$HOME/.cache/foresight-peers/mujoco}"
python="$folder/bin/python"
packages='mujoco==3.3.7 numpy>=2,<2.3'

if [[ ! -f "$folder/.complete" || "$(<"$folder/.complete")" != "$packages" ]]; then
  [[ -x "$python" ]] || "${PYTHON:-python3}" -m venv "$folder"
  {
    "$python" -m pip install --quiet mujoco==3.3.7 'numpy>=2,<2.3'
    "$python" -c 'from mujoco import rollout'
  } >&2
  printf '%s' "$packages" >"$folder/.complete"
fi
echo "$python"
