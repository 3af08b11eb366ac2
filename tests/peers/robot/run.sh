#!/usr/bin/env bash
# Runs the robot's side against an SO-101 arm in MuJoCo behind a genuine ROS 2 node, and breaks everything that can break.
# Usage: run.sh [--json FILE] [--seconds N] [TEST..]   (N: length of the latency measurement, default 60)
# Needs Python 3.11 (the rest comes from PyPI: install.sh), `ip` and `unshare`: both sides live in a network namespace.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
python="$("$here/install.sh")"
cd "$here/../../.."
export PYTHONDONTWRITEBYTECODE=1
for tool in ip unshare; do
    command -v "$tool" >/dev/null || { echo "error: $tool is missing; on Debian: apt-get install iproute2 util-linux" >&2; exit 1; }
done
out="$(mktemp)"
trap 'rm -f "$out"' EXIT
if [[ "${1:-}" == "--json" ]]; then
    out="$(realpath "$2")"
    trap - EXIT
    shift 2
fi
cargo build --locked --quiet -p peer_robot
program="${CARGO_TARGET_DIR:-target}/debug/peer_robot"

# Root keeps its rights to go before others; anybody else becomes root of the namespace alone.
namespace=(unshare --net)
[[ "$(id -u)" -eq 0 ]] || namespace=(unshare --map-root-user --net)
"${namespace[@]}" bash -c '
    ip link set lo up
    ip link set lo multicast on
    ip route add 224.0.0.0/4 dev lo
    exec "$@"
' -- "$python" "$here/faults.py" "$program" assets/profiles/so101.toml "$out" "$@"
