#!/usr/bin/env bash
# Collects a small dataset and lets the Python package `lerobot` check it. Usage: run.sh
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="$("$here/install.sh")"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$here/../../.."
cargo run --release --locked --quiet -- collect --task push --episodes 40 --seed 1 --out "$folder/push"
"$python" "$here/check.py" "$folder/push"
