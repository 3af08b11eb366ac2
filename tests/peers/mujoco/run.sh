#!/usr/bin/env bash
# Compares physics steps a second with MuJoCo's. Usage: run.sh [--floors]
# Needs Python 3.11; MuJoCo comes from PyPI.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="$("$here/install.sh")"
cd "$here/../../.."
cargo build --release --locked --quiet --workspace --bins
target="${CARGO_TARGET_DIR:-target}"
"$python" "$here/compare.py" "$target/release/physics_rate" "$@"
