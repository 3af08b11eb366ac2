#!/usr/bin/env bash
# Runs every shipped model on worlds that it was not trained in: one factor of variation at a time, fresh pairs of the near tier.
# usage: agent/shifts/run.sh FOLDER [KINDS] [TASKS] [EPISODES]
#        (default kinds "state pixels", all tasks, 60 episodes). What is there already is not done again.
# Then: python3 agent/shifts/table.py FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="$1"
kinds="${2:-state pixels}"
tasks="${3:-push reach two-room rotate drive bottle pick}"
episodes="${4:-60}"
mkdir -p "$folder"
cargo build --release --locked
foresight="${CARGO_TARGET_DIR:-target}/release/foresight"

world="mass=0.3 mass=3 friction=0.3 friction=3 size=0.8 size=1.2"
looks="light=0.5 light_turn=150 colour=90 camera_jitter=2 distractor=5 texture=0.8 shadow=0.7 occluder=5"
for task in $tasks; do
    for kind in $kinds; do
        sees=(--model "assets/models/$task.safetensors")
        shifts="nominal $world"
        if [ "$kind" = pixels ]; then
            sees=(--pixels)
            shifts="nominal $looks"
            [ -e "assets/models/$task-pixels.safetensors" ] || continue
        fi
        for shift in $shifts; do
            out="$folder/$task-$kind-$shift"
            factor="${shift%=*}"
            if [ "$shift" != nominal ]; then
                grep -q "^name = \"$factor\"" "assets/tasks/$task.toml" || continue
                sees+=(--shift "$shift")
            fi
            [ -e "$out.json" ] || "$foresight" bench --task "$task" "${sees[@]}" --planner icem --cost pose --seed 901 --tier near \
                --episodes "$episodes" --json "$out.json" --html "$out.html" >"$out.table"
            [ "$shift" = nominal ] || unset 'sees[-1]' 'sees[-1]'
        done
    done
done
