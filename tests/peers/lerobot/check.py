"""Opens a dataset written by Foresight with the Python package `lerobot` and checks what it sees.

    python=$(tests/peers/lerobot/install.sh)
    cargo run --release -- collect --task push --episodes 40 --seed 1 --out out/push
    $python tests/peers/lerobot/check.py out/push

The values that `lerobot` returns are compared with the parquet files read directly, and the
statistics with those that numpy computes from them. Ends with exit code 1 at the first
difference; needs no network.
"""

import io
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

# `lerobot` copies what it opens into a cache, which would outlive the check and could be stale.
cache = tempfile.TemporaryDirectory()
os.environ.update(HF_HUB_OFFLINE="1", HF_HOME=cache.name)

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
from lerobot.datasets.lerobot_dataset import LeRobotDataset

logging.getLogger().setLevel(logging.ERROR)  # no word on video decoders: there is no video

VECTORS = ("observation.state", "action", "observation.pose")
IMAGE = "observation.images.camera"
SCALARS = ("timestamp", "frame_index", "episode_index", "index", "task_index")


def expect(condition, what):
    if not condition:
        sys.exit(f"check.py: {what}")


def equal(found, expected, what):
    expect(np.array_equal(found, expected), f"{what} is {found}, expected {expected}")


def close(found, expected, what, tolerance=1e-5):
    found = np.asarray(found)
    same = found.shape == np.shape(expected)
    same = same and np.all(np.abs(found - expected) <= tolerance * (1.0 + np.abs(expected)))
    expect(same, f"{what} is {found}, expected {expected}")


def read_directly(folder):
    """Every column of the data files as one array, in the order of the file names."""
    files = sorted((folder / "data").glob("*/*.parquet"))
    table = pa.concat_tables(pq.read_table(file) for file in files)
    columns = {}
    for name in table.column_names:
        if name == IMAGE:
            continue
        column = table[name].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            columns[name] = column.flatten().to_numpy().reshape(len(column), -1)
        else:
            columns[name] = column.to_numpy().reshape(len(column), 1)
    return columns


def check_features(dataset, columns):
    images = (IMAGE,) if IMAGE in dataset.features else ()
    equal(sorted(dataset.features), sorted(VECTORS + SCALARS + images), "the list of features")
    for name, feature in dataset.features.items():
        if name == IMAGE:
            continue
        equal(feature["shape"], columns[name].shape[1:], f"the shape of {name}")
    for name in VECTORS:
        feature = dataset.features[name]
        equal(len(feature["names"]), feature["shape"][0], f"the number of names of {name}")


def check_episodes(dataset, columns):
    total = 0
    expect(len(dataset.meta.episodes) == dataset.num_episodes, "an episode row is missing")
    for index, episode in enumerate(dataset.meta.episodes):
        rows = np.flatnonzero(columns["episode_index"] == index)
        bounds = (episode["dataset_from_index"], episode["dataset_to_index"])
        equal(episode["episode_index"], index, "the episode index")
        equal(bounds, (rows[0], rows[-1] + 1), f"the bounds of episode {index}")
        equal(episode["length"], len(rows), f"the length of episode {index}")
        file = dataset.root / dataset.meta.get_data_file_path(index)
        expect(file.is_file(), f"{file}, the data file of episode {index}, does not exist")
        task = dataset.meta.tasks.iloc[int(columns["task_index"][rows[0], 0])].name
        equal(episode["tasks"], [task], f"the task of episode {index}")
        equal(dataset.meta.get_task_index(task), columns["task_index"][rows[0], 0], "task index")
        total += len(rows)
    equal(len(dataset), total, "the length of the dataset")


def check_items(dataset, columns):
    chosen = np.unique(np.linspace(0, len(dataset) - 1, 200).astype(int))
    for row in chosen:
        item = dataset[int(row)]
        for name in VECTORS + SCALARS:
            found = item[name].numpy().reshape(-1)
            equal(found, columns[name][row], f"{name} in row {row}")
        time = np.float32(item["frame_index"].item() / dataset.fps)
        equal(item["timestamp"].numpy(), time, f"the time of row {row}")
        expect(isinstance(item["task"], str) and item["task"], f"row {row} has no task text")
    return len(chosen)


def check_images(folder, dataset):
    """Compares pictures that `lerobot` decodes with those decoded from the parquet files."""
    if IMAGE not in dataset.features:
        return 0
    files = sorted((folder / "data").glob("*/*.parquet"))
    images = [row["bytes"] for file in files for row in pq.read_table(file, columns=[IMAGE])[IMAGE].to_pylist()]
    equal(len(images), len(dataset), "the number of images")
    chosen = np.unique(np.linspace(0, len(dataset) - 1, 20).astype(int))
    for row in chosen:
        expected = np.asarray(PIL.Image.open(io.BytesIO(images[row])))
        equal(expected.shape, dataset.features[IMAGE]["shape"], f"the shape of image {row}")
        found = dataset[int(row)][IMAGE].numpy().transpose(1, 2, 0)
        close(found, expected / 255.0, f"image {row}", 1e-6)
    return len(chosen)


def check_windows(folder, dataset, columns):
    """Asks for neighbours in time, which `lerobot` cuts off at the ends of the episodes."""
    step = 1.0 / dataset.fps
    offsets = {"observation.state": [-step, 0.0, step], "action": [0.0, step, 2 * step]}
    windows = LeRobotDataset("foresight/check", root=folder, delta_timestamps=offsets)
    bounds = [dataset.meta.episodes[0][f"dataset_{end}_index"] for end in ("from", "to")]
    for row in (bounds[0], sum(bounds) // 2, bounds[1] - 1):
        item = windows[row]
        for name, times in offsets.items():
            rows = [row + round(time * dataset.fps) for time in times]
            padded = [not bounds[0] <= r < bounds[1] for r in rows]
            inside = np.clip(rows, bounds[0], bounds[1] - 1)
            found = item[name].numpy().reshape(len(rows), -1)
            equal(found, columns[name][inside], f"the window of {name} around row {row}")
            equal(item[f"{name}_is_pad"].numpy(), padded, f"the padding of {name} at row {row}")


def check_stats(dataset, columns):
    for name in VECTORS + SCALARS:
        stats, values = dataset.meta.stats[name], columns[name].astype(np.float64)
        equal(stats["count"], [len(values)], f"the count of {name}")
        for key in ("min", "max", "mean", "std"):
            close(stats[key], getattr(np, key)(values, axis=0), f"the {key} of {name}")
        ordered = [stats[key] for key in ("min", "q01", "q10", "q50", "q90", "q99", "max")]
        slack = 1e-9 * (1.0 + np.abs(stats["max"]))
        expect((np.diff(ordered, axis=0) >= -slack).all(), f"the quantiles of {name} are unordered")
    rows = pq.read_table(dataset.root / "meta/episodes/chunk-000/file-000.parquet")
    first = (columns["episode_index"] == 0).reshape(-1)
    for name in VECTORS:
        median = np.median(columns[name][first].astype(np.float64), axis=0)
        close(rows[f"stats/{name}/q50"][0].as_py(), median, f"the median of {name} in episode 0")


def main():
    expect(len(sys.argv) == 2, f"usage: {sys.argv[0]} DATASET")
    folder = Path(sys.argv[1])
    expect((folder / "meta/info.json").is_file(), f"{folder} has no meta/info.json")
    dataset = LeRobotDataset("foresight/check", root=folder)
    columns = read_directly(folder)
    own = json.loads((folder / "meta/info.json").read_text())["foresight"]
    equal(dataset.meta.info["foresight"], own, "the key `foresight` of info.json")
    for name in VECTORS:
        expect(np.isfinite(columns[name]).all(), f"a value of {name} is not finite")
    check_features(dataset, columns)
    check_episodes(dataset, columns)
    items = check_items(dataset, columns)
    images = check_images(folder, dataset)
    check_windows(folder, dataset, columns)
    check_stats(dataset, columns)

    last = dataset.num_episodes - 1
    part = LeRobotDataset("foresight/check", root=folder, episodes=[last])
    equal(len(part), dataset.meta.episodes[last]["length"], "the length of the last episode alone")
    print(
        f"{folder}: lerobot opens {dataset.num_episodes} episodes, {len(dataset)} frames at "
        f"{dataset.fps} fps of task {own['task']}; {items} frames, {images} images, windows and statistics agree"
    )


if __name__ == "__main__":
    main()
