#!/usr/bin/env bash
# Runs the robot's side against an SO-101 arm in MuJoCo behind a genuine ROS 2 node, and breaks everything that can break.
# Usage: run.sh [--json FILE] [--seconds N] [TEST..]   (N: length of the latency measurement, default 60)
set -euo pipefail
source "$(dirname "$0")/isolated.sh"
out="$(mktemp)"
trap 'rm -f "$out"' EXIT
if [[ "${1:-}" == "--json" ]]; then
    out="$(realpath "$2")"
    trap - EXIT
    shift 2
fi
# The selection of `cargo test`, whose dependencies are compiled already; with an example come the features that tests ask for.
cargo build --locked --quiet -p agent -p contract_tests -p peer_robot -p planners -p robot -p sim -p world_model --bins --examples
isolated "$python" "$here/faults.py" "${CARGO_TARGET_DIR:-target}/debug/peer_robot" assets/profiles/so101.toml "$out" "$@"
