"""One line for every shift that run.sh has measured: success with Wilson 95 % intervals, and the share of the nominal success that is
kept."""

import collections
import json
import pathlib
import sys


def main(folder):
    shifts = collections.defaultdict(dict)
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        for kind in ("state", "pixels"):
            task, found, shift = path.stem.partition(f"-{kind}-")
            if found:
                for row in json.loads(path.read_text()):
                    model = f"{task}, {row['variant'].split(',')[0]}" if task in ("two-room", "drive") else task
                    shifts[kind, model][shift] = row
    for kind in ("state", "pixels"):
        models = [model for k, model in shifts if k == kind]
        columns = ["nominal"] + sorted({s for k, m in shifts if k == kind for s in shifts[k, m]} - {"nominal"})
        print(f"| {kind} | " + " | ".join(columns) + " |")
        print("|---" * (len(columns) + 1) + "|")
        for model in models:
            rows = shifts[kind, model]
            nominal = rows.get("nominal", {}).get("successes")
            cells = []
            for shift in columns:
                row = rows.get(shift)
                if row is None:
                    cells.append("")
                    continue
                interval = f"{row['success_rate'] * 100:.0f} [{row['ci95_low'] * 100:.0f}, {row['ci95_high'] * 100:.0f}]"
                kept = row["successes"] / nominal if nominal else 1.0
                cells.append(f"**{interval}**" if kept < 0.8 else interval)
            print(f"| {model} | " + " | ".join(cells) + " |")
        print()
    print("Bold: less than 80 % of the nominal success.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: table.py FOLDER")
    main(sys.argv[1])
