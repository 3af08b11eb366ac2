"""Judges a benchmark's JSON against success floors. Usage: floors.py BENCH.json

Every floor lies below the measured rate by more than the noise of 40 episodes, so that only a real loss fails.
"""

import json
import sys

# (task, planner, cost, tier): least success rate over all variants.
FLOORS = {
    ("reach", "icem", "pose", "near"): 0.92,
    ("reach", "icem", "pose", "mid"): 0.92,
    ("two-room", "icem", "pose", "near"): 0.90,
    ("two-room", "icem", "pose", "mid"): 0.88,
    ("push", "icem", "pose", "near"): 0.88,
    ("push", "icem", "pose", "mid"): 0.86,
    ("push", "icem", "pose", "turn"): 0.88,
    ("push", "icem", "slow", "near"): 0.78,
    ("push", "icem", "slow", "turn"): 0.78,
}
# A random policy that does better than this means that the pairs are too easy.
RANDOM_CEILING = 0.5
REQUIRED = {"random", "icem", "latent-cost", "oracle"}


def main(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    faults = []
    for (task, planner, cost, tier), floor in FLOORS.items():
        found = [
            r for r in rows if (r["task"], r["planner"], r["cost"], r["tier"]) == (task, planner, cost, tier)
        ]
        if not found:
            faults.append(f"{task} {planner} {cost} {tier}: no row")
        for r in found:
            if r["success_rate"] < floor:
                faults.append(f"{task} {r['variant']} {planner} {cost} {tier}: {r['success_rate']:.2f} < {floor}")
    for r in rows:
        if r["planner"] == "random" and r["success_rate"] > RANDOM_CEILING:
            faults.append(f"{r['task']} {r['tier']}: random succeeds in {r['success_rate']:.2f}")
        if r["world_failures"]:
            faults.append(f"{r['task']} {r['planner']} {r['tier']}: {r['world_failures']} worlds failed")
    for task in {r["task"] for r in rows}:
        missing = REQUIRED - {r["planner"] for r in rows if r["task"] == task}
        if missing:
            faults.append(f"{task}: no rows of {', '.join(sorted(missing))}")
    print("\n".join(faults) if faults else f"{len(rows)} rows, all above their floors")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
