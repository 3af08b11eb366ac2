"""Reach goals with the latent planner: on an SO-101 arm in MuJoCo over ROS 2, as published and changed, and beside it the same agent
on our own arm in rapier, and straight joint interpolation.

One agent runs on and is given one goal after the other; the next way starts where the last one ended. A goal is reached when the
tip, as the arm's own simulation has it, is within 2 cm for half a second on end; the time is that at which this began.
Usage: reach.py PROGRAM PROFILE OUT.json [--goals N] [--seed S] [--floor SHARE] [--only CONDITION]..
"""

import argparse
import json
import math
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pair import Arm, Failure, Process, require, wait
from published import JOINTS, Arm as Model

# How the arm differs from what the model learned on.
CONDITIONS = {
    "nominal": {},
    "payload +50 g": {"payload": 0.05},
    "damping x0.5": {"damping": 0.5},
    "damping x2": {"damping": 2.0},
    "latency +40 ms": {"latency": 0.04},
    "in rapier": {"rapier": True},
    "straight lines": {"lines": True},
}
# Where the task of the model draws its starts, rad.
RANGE = np.array([1.5, 1.2, 1.2, 1.2, 1.5])
LIMIT = 8.0  # s, for a goal
APART = 0.05  # m: what is nearer to the last goal is no task


def draw(count, seed):
    """Joints and the place of the tip, off the floor."""
    model, random, goals = Model(), np.random.default_rng(seed), []
    last = None
    while len(goals) < count:
        joints = random.uniform(-RANGE, RANGE)
        if not model.off_the_floor(joints):
            continue
        tip = model.tip().copy()
        if last is None or np.linalg.norm(tip - last) > APART:
            goals.append((joints.round(4).tolist(), tip.round(4).tolist()))
            last = tip
    return goals


def written(values):
    return ",".join(f"{value:.4f}" for value in values)


class Program(Process):
    """The program itself; its lines are for people."""

    def __init__(self, domain, arguments):
        super().__init__(arguments, domain)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def accepts(self, word):
        """Says a word; whether it is accepted."""
        count, refusal = len(self.lines), f"error: {word}:"
        refused = self.words().count(refusal)
        self.write(word)
        done = lambda: f"{word}: done" in self.lines[count:]
        wait(f"answer to {word}", lambda: done() or self.words().count(refusal) > refused, 20)
        return done()

    def end(self):
        self.process.send_signal(2)
        self.process.wait(30)
        self.reader.join()
        return self.lines


def arguments(options, condition, first):
    joints, tip = first
    call = [options.program, "robot", "run", "--profile", options.profile]
    if condition.get("lines"):
        return call + ["--planner", "line", "--speed", "1.4", f"--to={written(joints)}"]
    call += [f"--goal={written(tip)}", *options.agent.split()]
    return call + ["--hardware", "sim"] if condition.get("rapier") else call


def in_rapier(program, goals):
    """There the agent is its own judge, by the arm's joints and the same kinematics."""
    times = []
    for index, (_, tip) in enumerate(goals):
        count = len(program.lines)
        if index and not program.accepts(f"goal {written(tip)}"):
            times.append(None)
            continue
        found = lambda: next((m for m in (re.match(r"goal reached after ([\d.]+) s", l) for l in program.lines[count:]) if m), None)
        try:
            times.append(float(wait("arrival", found, LIMIT + 1.0).group(1)))
        except Failure:
            require(program.process.poll() is None, program.words()[-500:])
            times.append(None)
        if times[-1] is not None and times[-1] > LIMIT:
            times[-1] = None
    return times


def stops(program):
    """Protective stops so far, such as a watchdog's where the machine stood still."""
    return program.words().count("active -> protective stop")


def over_ros(program, arm, goals, lines):
    wait("motion", lambda: arm.ask()["received"] > 0, 20)
    times, stopped = [], 0
    for index, (joints, tip) in enumerate(goals):
        if index and not program.accepts(f"to {written(joints)}" if lines else f"goal {written(tip)}"):
            # It was drawn from poses of the arm: to refuse it is to miss it.
            times.append(None)
            continue
        arm.ask(goal=tip)
        until = time.monotonic() + LIMIT + 0.5
        while arm.ask()["reached"] is None and time.monotonic() < until:
            time.sleep(0.02)
        require(program.process.poll() is None, program.words()[-500:])
        reached = arm.ask()["reached"]
        times.append(reached if reached is not None and reached <= LIMIT else None)
        if stops(program) > stopped:
            # The goal counts as missed; who stands beside the robot goes on with the next.
            stopped = stops(program)
            times[-1] = None
            time.sleep(1.0)
            require(program.accepts("reset") and program.accepts("enable"), program.words()[-300:])
    return times


def measure(options, name, domain, goals):
    condition = CONDITIONS[name]
    arm, program, said = None, None, {}
    try:
        if not condition.get("rapier"):
            changed = [f"--{key}={condition[key]}" for key in ("payload", "damping", "latency") if key in condition]
            arm = Arm(domain, options.profile, *changed)
            arm.ask()
        program = Program(domain, arguments(options, condition, goals[0]))
        times = in_rapier(program, goals) if arm is None else over_ros(program, arm, goals, condition.get("lines"))
        stopped = stops(program)
        tail = program.end()
        if arm:
            said = arm.ask()
            require(not said["violations"], f"violations: {said['violations'][:3]}")
            require(said["commands"] > 0, "no command ever came")
        reached = [t for t in times if t is not None]
        return {
            "goals": len(goals),
            "reached": len(reached),
            "median_s": float(np.median(reached)) if reached else None,
            "p90_s": float(np.quantile(reached, 0.9)) if reached else None,
            "stops": stopped,
            "violations": len(said["violations"]) if arm else None,
            "commands": said.get("commands"),
            "times": times,
            "program": tail[-8:],
        }
    finally:
        for process in (program, arm):
            if process is not None and process.process.poll() is None:
                process.kill()


def memory_kb(process):
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


def load(options, goals):
    """The loop under a latent planner that never rests: latency, missed ticks and memory, for so many seconds."""
    text, told = Path(options.profile).read_text(), "planner_hz = 10.0"
    require(told in text, f"{told} is not in the profile")
    profile = Path(tempfile.mkdtemp()) / "profile.toml"
    profile.write_text(text.replace(told, "planner_hz = 1000.0"))
    options.profile = profile
    arm = Arm(100, profile)
    program = None
    try:
        arm.ask()
        program = Program(100, arguments(options, {}, goals[0]))
        wait("motion", lambda: arm.ask()["received"] > 0, 20)
        began, memory, index = time.monotonic(), [], 0
        while (spent := time.monotonic() - began) < options.load:
            if spent > len(memory) * options.load / 12:
                memory.append(memory_kb(program))
            index += 1
            program.accepts(f"goal {written(goals[index % len(goals)][1])}")
            time.sleep(min(2.0, options.load / 12))
        memory.append(memory_kb(program))
        lines = program.end()
        said = arm.ask()
    finally:
        for process in (program, arm):
            if process is not None and process.process.poll() is None:
                process.kill()
    require(not said["violations"], f"violations: {said['violations'][:3]}")
    found = [m for m in (re.match(r"(\d+) commands, state to command ([\d.]+) ms median and ([\d.]+) ms p99, (\d+) of (\d+)", l) for l in lines) if m]
    require(found, f"no report: {lines[-5:]} {program.words()[-300:]}")
    commands, p50, p99, missed, ticks = map(float, found[0].groups())
    figures = {
        "seconds": options.load, "latency_p50_ms": p50, "latency_p99_ms": p99, "missed": missed, "ticks": ticks,
        "missed_by_robot": said["missed"], "memory_kb": memory, "goals": index + 1, "commands": commands, "program": lines[-8:],
    }
    print(json.dumps(figures), flush=True)
    require(p99 <= 5.0, f"p99 {p99} ms")
    # Buffers fill at first.
    require(memory[-1] - memory[len(memory) // 2] < 1024, f"memory grows: {memory} kB")
    return figures


def wilson(reached, count):
    z, share = 1.96, reached / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return 100 * (middle - half), 100 * (middle + half)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("profile")
    parser.add_argument("out", type=Path)
    parser.add_argument("--goals", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--floor", type=float, default=0.0, help="least share of the goals that every condition must reach")
    parser.add_argument("--agent", default="", help="further arguments of the program")
    parser.add_argument("--only", action="append", choices=CONDITIONS, help="a condition (repeatable)")
    parser.add_argument("--load", type=float, help="measure the loop under load for so many seconds instead")
    options = parser.parse_args()
    if options.load is not None:
        try:
            options.out.write_text(json.dumps(load(options, draw(options.goals, options.seed)), indent=1))
        except Failure as failure:
            sys.exit(f"load: FAILED: {failure}")
        return
    goals, results, failed = draw(options.goals, options.seed), {}, []
    for name in options.only or CONDITIONS:
        try:
            result = measure(options, name, 100 + len(results), goals)
        except Failure as failure:
            print(f"{name}: FAILED: {failure}", flush=True)
            failed.append(name)
            continue
        results[name] = result
        low, high = wilson(result["reached"], result["goals"])
        share = result["reached"] / result["goals"]
        seconds = "-" if result["median_s"] is None else f"{result['median_s']:.2f} s median, {result['p90_s']:.2f} s p90"
        print(f"{name}: {100 * share:.0f} [{low:.0f}, {high:.0f}] % of {result['goals']}, {seconds}", flush=True)
        if share < options.floor:
            print(f"{name}: FAILED: expected at least {100 * options.floor:.0f} %", flush=True)
            failed.append(name)
    options.out.write_text(json.dumps({"seed": options.seed, "results": results}, indent=1))
    sys.exit(1 if failed or not results else 0)


if __name__ == "__main__":
    main()
