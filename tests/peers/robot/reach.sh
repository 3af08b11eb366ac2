#!/usr/bin/env bash
# Reaches goals with the latent planner: an SO-101 arm in MuJoCo behind a genuine ROS 2 node, that arm changed, our own in rapier,
# and straight joint interpolation beside it. Or measures the loop under a planner that never rests.
# Usage: reach.sh [--json FILE] [--goals N] [--seed S] [--floor SHARE] [--only CONDITION].. [--load SECONDS]
# PROGRAM=FILE takes a program that is built already.
set -euo pipefail
source "$(dirname "$0")/isolated.sh"
out="$(mktemp)"
trap 'rm -f "$out"' EXIT
if [[ "${1:-}" == "--json" ]]; then
    out="$(realpath "$2")"
    trap - EXIT
    shift 2
fi
if [[ -z "${PROGRAM:-}" ]]; then
    cargo build --release --locked --quiet
    PROGRAM="${CARGO_TARGET_DIR:-target}/release/foresight"
fi
isolated "$python" "$here/reach.py" "$PROGRAM" assets/profiles/so101.toml "$out" "$@"
