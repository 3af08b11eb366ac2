# Sourced by run.sh and reach.sh: the robot's Python in $python, and `isolated COMMAND..`, which runs a command where both sides live:
# in a network namespace of their own. Needs Python 3.11 (the rest comes from PyPI: install.sh), `ip` and `unshare`.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
python="$("$here/install.sh")"
cd "$here/../../.."
export PYTHONDONTWRITEBYTECODE=1
for tool in ip unshare; do
    command -v "$tool" >/dev/null || { echo "error: $tool is missing; on Debian: apt-get install iproute2 util-linux" >&2; exit 1; }
done

isolated() {
    # Root keeps its rights to go before others; anybody else becomes root of the namespace alone.
    local namespace=(unshare --net)
    [[ "$(id -u)" -eq 0 ]] || namespace=(unshare --map-root-user --net)
    "${namespace[@]}" bash -c '
        ip link set lo up
        ip link set lo multicast on
        ip route add 224.0.0.0/4 dev lo
        exec "$@"
    ' -- "$@"
}
