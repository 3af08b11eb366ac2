#!/usr/bin/env bash
# Plays the simulator under scripts that send real input events, offscreen and in a window, and checks what comes of them.
# Needs a Vulkan driver and xvfb: tests/viewer/install.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
# One selection for the program and for the tests at the end, so that nothing is compiled twice: with an example come the features
# that tests ask for.
selection=(--release --locked --quiet --features agent/viewer -p agent -p contract_tests -p planners -p sim -p viewer)
cargo build "${selection[@]}" --bins --examples
foresight="${CARGO_TARGET_DIR:-target}/release/foresight"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
export XDG_RUNTIME_DIR="$out"

echo "-- every control"
"$foresight" play --headless --script tests/viewer/tour.ron --out "$out" \
    --model assets/models/push.safetensors,assets/models/reach.safetensors | tail -1

echo "-- the recorded run again"
"$foresight" play --replay "$out/push-nominal.recording"

echo "-- the settings of the window in the benchmark"
"$foresight" bench --task push --tier near --cost pose --planner icem --seed 1 --episodes 2 \
    --config "$out/settings.toml" --json "$out/bench.json" --html "$out/bench.html" | tail -1

echo "-- a hundred changes of task"
"$foresight" play --headless --script tests/viewer/switching.ron --out "$out" | tail -1

echo "-- a window, beside none"
started="$(date +%s%N)"
echo '[Wait(1)]' >"$out/start.ron"
xvfb-run --auto-servernum "$foresight" play --script "$out/start.ron" --out "$out" >/dev/null
took="$((($(date +%s%N) - started) / 1000000))"
window() { xvfb-run --auto-servernum "$foresight" play --seconds 8 --max-fps 30 --out "$out" "$@" | tail -1; }
for _ in 1 2; do
    window | tee -a "$out/window"
    window --planner random | tee -a "$out/thoughtless"
    "$foresight" play --seconds 8 --no-window --out "$out" | tail -1 | tee -a "$out/none"
done
# Ratios of the same minutes, for machines differ: what a second is worth to the planner and to the window.
python3 - "$took" "$out/window" "$out/thoughtless" "$out/none" <<'PYTHON'
import re, sys
took, texts = float(sys.argv[1]), [open(path).read() for path in sys.argv[2:]]
frames = lambda text: max(float(fps) for fps in re.findall(r"([\d.]+) frames a second", text))
decision = lambda text: min(float(ms) for ms in re.findall(r"of ([\d.]+) /", text))
window, thoughtless, none = texts
throughput, drawn = decision(none) / decision(window), frames(window) / frames(thoughtless)
starts = took / decision(none)
print(f"started, drew and ended in {took:.0f} ms, the time of {starts:.0f} decisions")
print(f"planner throughput with the window open: {100 * throughput:.0f} % of that without")
print(f"frames with the planner at work: {100 * drawn:.0f} % of those without")
assert starts < 400, "the window starts too slowly (three seconds where a decision takes 7.5 ms)"
assert throughput >= 0.75, "the window takes too much of the planner's time (0.8 on an idle machine)"
assert drawn >= 0.5, "the planner takes too much of the window's time"
PYTHON

# What is wrong is said in one line, and ends the program with 1.
refused() {
    local expected="$1"
    shift
    local said status=0
    said="$("$@" 2>&1 >/dev/null)" || status=$?
    if [ "$status" -ne 1 ] || [ "$(wc -l <<<"$said")" -ne 1 ] || ! grep -q "$expected" <<<"$said"; then
        echo "expected one line with '$expected' and exit code 1, got $status: $said" >&2
        exit 1
    fi
}
echo "-- bad input"
refused "no display" env -u DISPLAY -u WAYLAND_DISPLAY "$foresight" play
refused "no Vulkan driver" env VK_DRIVER_FILES=/nowhere VK_ICD_FILENAMES=/nowhere "$foresight" play --headless --seconds 1
refused "trained for task" "$foresight" play --headless --seconds 1 --model assets/models/reach.safetensors
refused "cannot read /nowhere" "$foresight" play --headless --seconds 1 --model /nowhere
cp -r assets "$out/assets"
echo "nonsense" >>"$out/assets/tasks/push.toml"
refused "push.toml" env FORESIGHT_ASSETS="$out/assets" "$foresight" play --headless --seconds 1
echo "[Dance]" >"$out/broken.ron"
refused "broken.ron" "$foresight" play --headless --script "$out/broken.ron"
echo "[Wait(5), Expect(\"simulate\", Is(0))]" >"$out/wrong.ron"
refused "step 2" "$foresight" play --headless --script "$out/wrong.ron"

echo "-- tests of the window and of what feeds it"
# Without world_model, whose own tests need other features: burn would be compiled once more.
cargo test "${selection[@]}" --lib
