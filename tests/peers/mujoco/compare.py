"""Physics steps a second here and in MuJoCo, on the same MJCF, with as many worlds and two threads.

Usage: compare.py PHYSICS_RATE [--floors]   where PHYSICS_RATE is the binary of the crate peer_rates, built for release.
Both take turns, round after round; every world has smooth random actions of its own, and both step at the rate of the task. The starts differ: here one that the task draws, there one
without contact of the robot.
A ratio above one means that more steps are done here. With --floors the script fails when a median ratio is below FLOOR.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import mujoco
import numpy as np
from mujoco import rollout

ASSETS = Path(__file__).resolve().parents[3] / "assets"
PHYSICS_HZ, CONTROL_HZ = 200, 20
WORLDS, CONTROL_STEPS = 64, 40
THREADS = 2
ROUNDS = 15
# Far below what is measured, so that only a real loss fails; the README has the measured ratios.
FLOOR = 0.1


def smooth(rng: np.random.Generator, width: int) -> np.ndarray:
    """Random actions in [-1, 1], `[worlds, control steps, width]`, that change slowly."""
    actions = np.zeros((WORLDS, CONTROL_STEPS, width))
    value = rng.uniform(-1, 1, (WORLDS, width))
    for step in range(CONTROL_STEPS):
        value = np.clip(value + rng.normal(0, 0.3, value.shape), -1, 1)
        actions[:, step] = value
    return actions


class Scene:
    def __init__(self, task: str, to_controls, place) -> None:
        self.model = mujoco.MjModel.from_xml_path(str(ASSETS / "scenes" / f"{task}.xml"))
        self.model.opt.timestep = 1 / PHYSICS_HZ
        data = mujoco.MjData(self.model)
        place(self.model, data)
        for _ in range(20):
            mujoco.mj_step(self.model, data)
        size = mujoco.mj_stateSize(self.model, mujoco.mjtState.mjSTATE_FULLPHYSICS)
        state = np.zeros(size)
        mujoco.mj_getState(self.model, data, state, mujoco.mjtState.mjSTATE_FULLPHYSICS)
        self.start = np.tile(state, (WORLDS, 1))
        self.controls = np.repeat(
            to_controls(smooth(np.random.default_rng(0), self.model.nu)), PHYSICS_HZ // CONTROL_HZ, axis=1
        )
        self.data = [mujoco.MjData(self.model) for _ in range(THREADS)]
        self.pool = rollout.Rollout(nthread=THREADS)

    def seconds(self) -> float:
        started = time.perf_counter()
        self.pool.rollout(self.model, self.data, self.start, self.controls)
        return time.perf_counter() - started


def place_push(model: mujoco.MjModel, data: mujoco.MjData) -> None:
    data.joint("pusher_x").qpos[0] = -0.15


SCENES = {
    # Velocities of the pusher, m/s.
    "push": Scene("push", lambda a: 0.2 * a, place_push),
    # Targets of the servos: their rate is 1.5 rad/s at full action.
    "reach": Scene("reach", lambda a: np.cumsum(1.5 / CONTROL_HZ * a, axis=1), lambda model, data: None),
}


def main() -> int:
    ours = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    steps = WORLDS * CONTROL_STEPS * PHYSICS_HZ // CONTROL_HZ
    faults = 0
    print(f"MuJoCo {mujoco.__version__}, {THREADS} threads, {ROUNDS} rounds of {WORLDS} worlds; ratio of steps a second, median [quartiles]")
    for task, scene in SCENES.items():
        scene.seconds()
        times = {"ours": [], "mujoco": []}
        for _ in range(ROUNDS):
            ours.stdin.write(f"{task} {WORLDS} {CONTROL_STEPS}\n")
            ours.stdin.flush()
            seconds, taken = ours.stdout.readline().split()
            if int(taken) != steps:
                raise SystemExit(f"{task}: {taken} physics steps here, {steps} in MuJoCo: expected the same")
            times["ours"].append(float(seconds))
            times["mujoco"].append(scene.seconds())
        ratios = [m / o for m, o in zip(times["mujoco"], times["ours"])]
        low, middle, high = statistics.quantiles(ratios, n=4)
        rate = {name: steps / statistics.median(t) / 1e3 for name, t in times.items()}
        print(f"{task:6s} ours {rate['ours']:.0f} k/s, MuJoCo {rate['mujoco']:.0f} k/s, ratio {middle:.2f} [{low:.2f}, {high:.2f}]")
        faults += middle < FLOOR
    ours.stdin.close()
    ours.wait()
    return 1 if "--floors" in sys.argv and faults else 0


if __name__ == "__main__":
    sys.exit(main())
