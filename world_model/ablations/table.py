"""One line for every choice of losses that run.sh has trained, over all its seeds: success with Wilson 95 % intervals, what the
last evaluation says, and the seconds of training."""

import collections
import json
import math
import pathlib
import sys

TIERS = ["near", "mid", "turn"]


def wilson(successes, n, z=1.959964):
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return 100 * (centre - half), 100 * (centre + half)


def main(folder):
    runs = collections.defaultdict(dict)
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.suffix in (".json", ".failed"):
            name, seed = path.stem.rsplit("-", 1)
            runs[name][seed] = path
    print("| choice | seeds | pose: near / mid / turn | slow: near / mid / turn | last evaluation, seed 0 | s |")
    print("|---|---|---|---|---|---|")
    for name, seeds in runs.items():
        counts = collections.defaultdict(lambda: [0, 0])
        failures = []
        said, seconds = "", []
        for seed, path in sorted(seeds.items()):
            if path.suffix == ".failed":
                failures.append(f"seed {seed}: {path.read_text().strip()}")
                continue
            trained = path.with_suffix(".trained").read_text().strip().splitlines()[-1]
            seconds.append(float(trained.split(" steps in ")[1].split(" s;")[0]))
            said = said or trained.split(";", 1)[1].strip()
            for row in json.loads(path.read_text()):
                count = counts[row["cost"], row["tier"]]
                count[0] += row["successes"]
                count[1] += row["episodes"]
        cells = []
        for cost in ("pose", "slow"):
            cell = []
            for tier in TIERS:
                successes, n = counts[cost, tier]
                if n:
                    low, high = wilson(successes, n)
                    cell.append(f"{100 * successes / n:.1f} [{low:.0f}, {high:.0f}]")
            cells.append(" / ".join(cell) or "-")
        said = said.replace("|", "/") or "; ".join(failures)
        if seconds and failures:
            said += "; " + "; ".join(failures)
        spent = f"{sum(seconds) / len(seconds):.0f}" if seconds else "-"
        print(f"| {name} | {len(seeds)} | {cells[0]} | {cells[1]} | {said} | {spent} |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: table.py FOLDER")
    main(sys.argv[1])
