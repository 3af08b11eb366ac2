"""An SO-101 arm that is not ours: MuJoCo behind a ROS 2 node, with a trajectory controller, a judge, and faults on command.

Started by faults.py. Takes a JSON object a line on its input and answers each with one.
"""

import argparse
import json
import math
import os
import sys
import threading
import time
import tomllib
from pathlib import Path

import mujoco
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from judge import Judge
from published import TIP, load

RELIABILITY = {"best-effort": ReliabilityPolicy.BEST_EFFORT, "reliable": ReliabilityPolicy.RELIABLE}
# A controller that was away for longer holds still, whatever it was doing.
STALL = 0.2


def qos(reliability, depth=1):
    return QoSProfile(
        reliability=RELIABILITY[reliability],
        durability=DurabilityPolicy.VOLATILE,
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
    )


class Arm:
    """The arm in MuJoCo with its position servos."""

    def __init__(self, joints, pose, payload=0.0, damping=1.0):
        self.model = load(payload)
        self.model.dof_damping *= damping
        self.data = mujoco.MjData(self.model)
        self.model.opt.timestep = 0.002
        self.names = [self.model.joint(i).name for i in range(self.model.njnt)]
        self.moved = [self.model.joint(name).qposadr[0] for name in joints]
        self.actuators = [self.model.actuator(name).id for name in joints]
        self.place(pose)

    def place(self, pose):
        for address, actuator, q in zip(self.moved, self.actuators, pose):
            self.data.qpos[address] = q
            self.data.ctrl[actuator] = q
        self.data.qvel[:] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def step(self, goal):
        self.data.ctrl[self.actuators] = goal
        mujoco.mj_step(self.model, self.data)

    def position(self):
        return [float(self.data.qpos[a]) for a in self.moved]

    def tip(self):
        return [float(x) for x in self.data.site(TIP).xpos]

    def speed(self):
        return max(abs(float(self.data.qvel[a])) for a in self.moved)


class Reach:
    """Whether the tip is at its goal and stays there, and since when."""

    NEAR, HOLD = 0.02, 0.5  # m, s

    def __init__(self, goal=None):
        self.goal, self.began, self.since, self.reached = goal, time.monotonic(), None, None

    def look(self, tip):
        if self.goal is None or self.reached is not None:
            return
        now = time.monotonic()
        if math.dist(tip, self.goal) > self.NEAR:
            self.since = None
            return
        self.since = self.since or now
        if now - self.since >= self.HOLD:
            self.reached = self.since - self.began


class Node:
    def __init__(self, options):
        profile = tomllib.loads(Path(options.profile).read_text())
        self.options = options
        self.joints = [joint["name"] for joint in profile["joint"]]
        self.period = 1.0 / profile["rates"]["control_hz"]
        self.judge = Judge(profile["joint"], self.period)
        self.arm = Arm(self.joints, options.pose, options.payload, options.damping)
        self.reach = Reach()
        self.goal = self.arm.position()
        self.points = []
        self.fault = {}
        self.pressed = False
        self.held = None
        self.delayed = []
        self.counts = {"expired": 0, "unknown": 0, "acted_on_old": 0, "received": 0}
        self.latest_command = None
        self.outward = 0.0
        self.lock = threading.Lock()

        ros = profile["ros"]
        self.node = rclpy.create_node("so101")
        states, commands = ros.get("states", {}), ros.get("commands", {})
        reliability = options.states or states.get("reliability", "best-effort")
        self.states = self.node.create_publisher(JointState, states["topic"], qos(reliability, 10))
        self.emergency = self.node.create_publisher(Bool, ros["emergency_topic"], qos("reliable"))
        # Deep, so that a judge that is held up misses nothing.
        listens = qos(options.commands or commands.get("reliability", "reliable"), 50)
        if commands.get("message", "trajectory") == "trajectory":
            self.node.create_subscription(JointTrajectory, commands["topic"], self.on_trajectory, listens)
        else:
            self.node.create_subscription(Float64MultiArray, commands["topic"], self.on_positions, listens)

    def on_trajectory(self, message):
        now = time.time()
        with self.lock:
            self.counts["received"] += 1
            self.latest_command = now
            if list(message.joint_names) != self.joints:
                self.counts["unknown"] += 1
                return
            start = message.header.stamp.sec + message.header.stamp.nanosec * 1e-9
            points = [(start + p.time_from_start.sec + p.time_from_start.nanosec * 1e-9, list(p.positions)) for p in message.points]
            self.judge.command(start, [q for _, q in points], self.arm.position())
            if points[-1][0] < now - 0.05:
                # As joint_trajectory_controller does: what has ended already is not begun.
                self.counts["expired"] += 1
                return
            if now - start > STALL:
                self.counts["acted_on_old"] += 1
            self.points = [p for p in self.points if p[0] < points[0][0] - 0.5 * self.period] + points

    def on_positions(self, message):
        with self.lock:
            now = time.time()
            self.counts["received"] += 1
            self.latest_command = now
            largest = max(abs(a - b) for a, b in zip(message.data, self.goal))
            self.judge.commands += 1
            if largest > 0.1 or any(not math.isfinite(q) for q in message.data):
                self.judge._violation(now, f"a jump of {largest} rad")
                return
            self.goal = list(message.data)

    def setpoint(self, now):
        """Between the points of the trajectory, in straight lines; after its end, the end."""
        while self.points and self.points[0][0] <= now:
            self.goal = self.points.pop(0)[1]
            self.reached = now
        return self.goal

    def run(self):
        executor = SingleThreadedExecutor()
        executor.add_node(self.node)
        threading.Thread(target=executor.spin, daemon=True).start()
        threading.Thread(target=self.obey, daemon=True).start()
        due = last = time.monotonic()
        count = 0
        while True:
            due += self.period
            time.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            if now - last > STALL:
                with self.lock:
                    self.points, self.goal = [], self.arm.position()
                due = now
            last = now
            with self.lock:
                self.advance()
                self.reach.look(self.arm.tip())
                self.report()
            count += 1
            if count % 10 == 0:
                self.emergency.publish(Bool(data=self.pressed))

    def advance(self):
        wall = time.time()
        steps = max(1, round(self.period / self.arm.model.opt.timestep))
        for step in range(steps):
            goal = self.setpoint(wall + (step + 1) * self.period / steps)
            if self.pressed:
                # Without power and with brakes: a hand moves it.
                self.points, self.goal = [], self.arm.position()
                continue
            self.arm.step(goal)

    def report(self):
        fault = self.fault.get("kind")
        message = JointState()
        stamp = time.time() + (self.fault.get("seconds", 0.0) if fault == "clock" else 0.0)
        message.header.stamp.sec, message.header.stamp.nanosec = int(stamp), int(stamp % 1 * 1e9)
        # In the model's order with its gripper, or backwards: names say which is which.
        names = self.arm.names[::-1] if self.options.backwards else self.arm.names
        addresses = [self.arm.model.joint(name).qposadr[0] for name in names]
        message.name = list(names)
        message.position = [float(self.arm.data.qpos[a]) for a in addresses]
        if not self.options.no_velocity:
            message.velocity = [float(self.arm.data.qvel[a]) for a in addresses]
        if fault == "frozen" and self.held is not None:
            message.position, message.velocity = self.held.position, self.held.velocity
        elif fault == "duplicated" and self.held is not None:
            message = self.held
        elif fault == "nan":
            message.position = [math.nan] * len(names)
        else:
            self.held = message
        if fault == "lost":
            return
        late = self.options.latency + (self.fault.get("seconds", 0.0) if fault == "delayed" else 0.0)
        self.delayed.append((time.monotonic() + late, message))
        while self.delayed and self.delayed[0][0] <= time.monotonic():
            self.states.publish(self.delayed.pop(0)[1])

    def obey(self):
        for line in sys.stdin:
            order = json.loads(line)
            with self.lock:
                if "fault" in order:
                    self.fault = order["fault"] or {}
                if "pressed" in order:
                    self.pressed = order["pressed"]
                if "goal" in order:
                    self.reach = Reach(order["goal"])
                if "place" in order:
                    self.arm.place(order["place"])
                    self.points, self.goal = [], order["place"]
                answer = {
                    "position": self.arm.position(),
                    "speed": self.arm.speed(),
                    "goal": self.goal,
                    "tip": self.arm.tip(),
                    "reached": self.reach.reached,
                    "violations": self.judge.violations,
                    "worst": self.judge.worst,
                    "commands": self.judge.commands,
                    "missed": self.judge.missed,
                    "starts": self.judge.starts,
                    "largest_start": self.judge.largest_start,
                    "silent_for": None if self.latest_command is None else time.time() - self.latest_command,
                    **self.counts,
                }
            print(json.dumps(answer), flush=True)


def another_machine():
    """A robot has a processor of its own: what else runs here is not to hold it up."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(30))
    except PermissionError:
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("profile")
    parser.add_argument("--pose", type=lambda text: [float(q) for q in text.split(",")], default=[0.0] * 5)
    parser.add_argument("--states", choices=RELIABILITY, help="reliability of the states instead of the profile's")
    parser.add_argument("--commands", choices=RELIABILITY, help="reliability asked of commands instead of the profile's")
    parser.add_argument("--backwards", action="store_true", help="report the joints in the opposite order")
    parser.add_argument("--no-velocity", action="store_true", help="report no velocities")
    parser.add_argument("--payload", type=float, default=0.0, help="mass at the tip, kg")
    parser.add_argument("--damping", type=float, default=1.0, help="of the joints, times the published")
    parser.add_argument("--latency", type=float, default=0.0, help="by which reports arrive late, s")
    options = parser.parse_args()
    rclpy.init()
    node = Node(options)
    another_machine()
    node.run()


if __name__ == "__main__":
    main()
