#!/usr/bin/env bash
# Collects small datasets, one with images of two views, and lets the Python package `lerobot` check them. Usage: run.sh
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="$("$here/install.sh")"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$here/../../.."
cargo run --release --locked --quiet -- collect --task push --episodes 40 --seed 1 --out "$folder/push"
"$python" "$here/check.py" "$folder/push"
cargo run --release --locked --quiet -- collect --task bottle --pixels --episodes 10 --seed 1 --out "$folder/bottle"
"$python" "$here/check.py" "$folder/bottle"
