#!/usr/bin/env bash
# Compares physics steps a second with MuJoCo's. Usage: run.sh [--floors]
# Needs Python 3.11; MuJoCo comes from PyPI.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="$("$here/install.sh")"
cd "$here/../../.."
cargo build --release --locked --quiet -p agent -p contract_tests -p peer_rates -p planners -p robot -p sim -p world_model --bins
target="${CARGO_TARGET_DIR:-target}"
"$python" "$here/compare.py" "$target/release/physics_rate" "$@"
