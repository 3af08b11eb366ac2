#!/usr/bin/env bash
# Compares imagined rollouts and training steps with PyTorch's. Usage: run.sh [--floors]
# Needs Python 3.11 and a C++ compiler (for torch.compile); torch comes with tests/peers/lerobot/install.sh.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="$("$here/../lerobot/install.sh")"
cd "$here/../../.."
cargo build --release --locked --quiet -p agent -p contract_tests -p peer_rates -p planners -p robot -p sim -p world_model --bins
target="${CARGO_TARGET_DIR:-target}"
"$python" "$here/compare.py" "$target/release/rollout_rate" "$@"
"$python" "$here/train.py" "$target/release/training_rate" "$@"
