"""Judges a benchmark's JSON against success floors. Usage: floors.py BENCH.json

Every floor lies below the measured rate by more than the noise of 30 episodes, so that only a real loss fails.
"""

import json
import sys

# (task, observation, planner, cost, tier): least success rate over all variants.
FLOORS = {
    ("reach", "state", "icem", "pose", "near"): 0.92,
    ("reach", "state", "icem", "pose", "mid"): 0.92,
    ("two-room", "state", "icem", "pose", "near"): 0.90,
    ("two-room", "state", "icem", "pose", "mid"): 0.88,
    ("push", "state", "icem", "pose", "near"): 0.88,
    ("push", "state", "icem", "pose", "mid"): 0.86,
    ("push", "state", "icem", "pose", "turn"): 0.88,
    ("push", "state", "icem", "slow", "near"): 0.78,
    ("push", "state", "icem", "slow", "turn"): 0.78,
    ("rotate", "state", "icem", "pose", "near"): 0.84,
    ("rotate", "state", "icem", "pose", "mid"): 0.84,
    ("drive", "state", "icem", "pose", "near"): 0.86,
    ("drive", "state", "icem", "pose", "mid"): 0.84,
    ("drive", "state", "icem", "reach", "near"): 0.82,
    ("bottle", "state", "icem", "pose", "near"): 0.74,
    ("pick", "state", "icem", "pose", "near"): 0.86,
    ("push", "state", "system1", "none", "near"): 0.78,
    ("push", "state", "system1", "none", "mid"): 0.80,
    ("push", "state", "system1", "none", "turn"): 0.78,
    ("push", "state", "hybrid", "pose", "near"): 0.90,
    ("push", "state", "hybrid", "pose", "mid"): 0.88,
    ("push", "state", "hybrid", "pose", "turn"): 0.88,
    ("reach", "state", "system1", "none", "near"): 0.88,
    ("reach", "state", "hybrid", "reach", "near"): 0.90,
    ("two-room", "state", "system1", "none", "near"): 0.84,
    ("two-room", "state", "hybrid", "pose", "near"): 0.90,
    ("two-room", "localised", "system1", "none", "near"): 0.84,
    ("two-room", "localised", "hybrid", "pose", "near"): 0.90,
    ("drive", "state", "system1", "none", "near"): 0.76,
    ("drive", "state", "hybrid", "pose", "near"): 0.80,
    ("drive", "state", "hybrid", "pose", "mid"): 0.78,
    ("bottle", "state", "system1", "none", "near"): 0.80,
    ("bottle", "state", "system1", "none", "mid"): 0.78,
    ("bottle", "state", "hybrid", "pose", "near"): 0.90,
    ("pick", "state", "system1", "none", "near"): 0.76,
    ("pick", "state", "hybrid", "pose", "near"): 0.82,
    ("pick", "state", "hybrid", "pose", "mid"): 0.86,
    ("rotate", "state", "system1", "none", "near"): 0.78,
    ("rotate", "state", "system1", "none", "mid"): 0.84,
    ("rotate", "state", "system1", "none", "turn"): 0.82,
    ("rotate", "state", "hybrid", "pose", "near"): 0.86,
    ("rotate", "state", "hybrid", "pose", "mid"): 0.90,
    ("push", "localised", "icem", "pose", "near"): 0.88,
    ("push", "localised", "icem", "pose", "turn"): 0.86,
    ("push", "localised", "system1", "none", "near"): 0.72,
    ("push", "localised", "hybrid", "pose", "near"): 0.82,
    ("push", "localised", "hybrid", "pose", "mid"): 0.88,
    ("reach", "localised", "icem", "pose", "near"): 0.86,
    ("reach", "localised", "system1", "none", "near"): 0.80,
    ("reach", "localised", "hybrid", "pose", "near"): 0.84,
    ("bottle", "localised", "icem", "pose", "near"): 0.76,
    ("bottle", "localised", "system1", "none", "near"): 0.72,
    ("bottle", "localised", "hybrid", "pose", "near"): 0.80,
    ("pick", "localised", "icem", "pose", "near"): 0.72,
    ("pick", "localised", "system1", "none", "near"): 0.66,
    ("pick", "localised", "hybrid", "pose", "mid"): 0.80,
    ("drive", "localised", "icem", "pose", "near"): 0.80,
    ("drive", "localised", "system1", "none", "near"): 0.78,
    ("drive", "localised", "hybrid", "pose", "near"): 0.82,
    ("drive", "localised", "hybrid", "pose", "mid"): 0.74,
    ("rotate", "localised", "icem", "pose", "near"): 0.74,
    ("rotate", "localised", "icem", "pose", "mid"): 0.80,
    ("rotate", "localised", "system1", "none", "near"): 0.70,
    ("rotate", "localised", "hybrid", "pose", "mid"): 0.78,
    ("two-room", "localised", "icem", "pose", "near"): 0.90,
}
# A random policy that does better than this means that the pairs are too easy.
RANDOM_CEILING = 0.5
REQUIRED = {"random", "icem", "latent-cost", "oracle"}


def main(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    faults = []
    keys = ("task", "observation", "planner", "cost", "tier")
    for key, floor in FLOORS.items():
        found = [r for r in rows if tuple(r[k] for k in keys) == key]
        if not found:
            faults.append(f"{' '.join(key)}: no row")
        for r in found:
            if r["success_rate"] < floor:
                faults.append(f"{' '.join(key)} ({r['variant']}): {r['success_rate']:.2f} < {floor}")
    for r in rows:
        if r["planner"] == "random" and r["success_rate"] > RANDOM_CEILING:
            faults.append(f"{r['task']} {r['tier']}: random succeeds in {r['success_rate']:.2f}")
        if r["world_failures"]:
            faults.append(f"{r['task']} {r['planner']} {r['tier']}: {r['world_failures']} worlds failed")
    for task in {r["task"] for r in rows}:
        # A task that ships no model has no rows in the latent.
        modelled = any(r["task"] == task and r["model_hash"] for r in rows)
        required = REQUIRED if modelled else {"random", "oracle"}
        missing = required - {r["planner"] for r in rows if r["task"] == task}
        if missing:
            faults.append(f"{task}: no rows of {', '.join(sorted(missing))}")
    print("\n".join(faults) if faults else f"{len(rows)} rows, all above their floors")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
