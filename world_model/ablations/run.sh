#!/usr/bin/env bash
# Trains push once for every choice of losses and every seed, and measures each model on fresh pairs that no report uses.
# usage: world_model/ablations/run.sh FOLDER [SEEDS] [CHOICES] [STEPS]
#        (default seeds "0 1 2", all choices of the table below, 8000 optimiser steps: the recipe of images loses the yaw with 3000)
# What is there already is not done again. Then: python3 world_model/ablations/table.py FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="$1"
seeds="${2:-0 1 2}"
chosen="${3:-}"
steps="${4:-8000}"
mkdir -p "$folder"
cargo build --release --locked
foresight="${CARGO_TARGET_DIR:-target}/release/foresight"

# name | what is learned from | settings
choices="
state|state|
state-sigreg|state|train.anti_collapse=sigreg
state-idm|state|train.anti_collapse=idm
state-vicreg|state|train.anti_collapse=vicreg
state-ema|state|train.anti_collapse=ema
state-none|state|train.anti_collapse=none
state-one-step|state|train.open_loop_steps=1
state-squared|state|train.prediction_delta=100.0
state-layer-norm|state|train.encoder_norm=layer
state-dyt|state|train.encoder_norm=dyt
state-reconstruction|state|train.anti_collapse=none train.reconstruction=full
pixels|glimpse|
pixels-sigreg|glimpse|train.anti_collapse=sigreg
pixels-idm|glimpse|train.anti_collapse=idm
pixels-reconstruction|glimpse|train.anti_collapse=none train.reconstruction=full
pixels-masked|glimpse|train.anti_collapse=none train.reconstruction=masked
frame|frame|
frame-reconstruction|frame|train.anti_collapse=none train.reconstruction=full
frame-masked|frame|train.anti_collapse=none train.reconstruction=masked
"

for kind in state pixels; do
    data="$folder/$kind.data"
    [ -d "$data" ] || "$foresight" collect --task push --out "$data" $([ "$kind" = pixels ] && echo --pixels)
done
for seed in $seeds; do
    while IFS='|' read -r name kind settings; do
        [ -n "$name" ] || continue
        [ -z "$chosen" ] || [[ " $chosen " == *" $name "* ]] || continue
        out="$folder/$name-$seed"
        [ ! -e "$out.json" ] && [ ! -e "$out.failed" ] || continue
        sees=()
        sight=()
        data="$folder/state.data"
        if [ "$kind" != state ]; then
            sees=(--pixels)
            sight=(--sight "$kind")
            data="$folder/pixels.data"
        fi
        # The recipe of images has more of SIGReg, for the sake of its own sight.
        sets=(--set "train.steps=$steps" --set train.lambda_sigreg=0.02)
        for setting in $settings; do sets+=(--set "$setting"); done
        rm -f "$out.safetensors.training"
        if "$foresight" train --task push "${sees[@]}" "${sight[@]}" --data "$data" --seed "$seed" "${sets[@]}" \
            --out "$out.safetensors" 2> "$out.log" > "$out.trained"; then
            "$foresight" bench --task push "${sees[@]}" --model "$out.safetensors" --planner icem --cost pose,slow \
                --seed 901 --tier near,mid,turn --episodes 60 --json "$out.json" --html "$out.html" > "$out.table"
        else
            tail -n 1 "$out.log" > "$out.failed"
        fi
    done <<< "$choices"
done
