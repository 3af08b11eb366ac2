"""An arm and an agent, each a process, and what is asked of them together."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM, PROFILE = Path(sys.argv[1]), Path(sys.argv[2])
# From any motion inside the limits, and the sag and lag of the servos on top, rad.
BRAKING = 1.5**2 / (2 * 6) + 1.5 * 6 / (2 * 60) + 0.07
# What is travelled before a watchdog of 0.1 s sees a fault, rad.
UNSEEN = 0.1 * 1.5
STILL = 0.01  # rad: the servos settle a little after a stop


class Failure(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Failure(text)


def wait(what, look, seconds=10.0):
    until = time.monotonic() + seconds
    while True:
        value = look()
        if value:
            return value
        require(time.monotonic() < until, f"no {what} within {seconds} s")
        time.sleep(0.02)


class Process:
    def __init__(self, command, domain):
        environment = dict(os.environ, ROS_DOMAIN_ID=str(domain), RMW_IMPLEMENTATION="rmw_fastrtps_cpp")
        environment.pop("ROS_LOCALHOST_ONLY", None)
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=environment,
        )
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            self.on_line(self.lines[-1])

    def on_line(self, line):
        pass

    def write(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def words(self):
        self.errors.seek(0)
        return self.errors.read()


class Arm(Process):
    def __init__(self, domain, profile=PROFILE, *options):
        super().__init__([sys.executable, HERE / "node.py", profile, *options], domain)

    def ask(self, **order):
        count = len(self.lines)
        self.write(json.dumps(order))
        wait("answer of the arm", lambda: len(self.lines) > count, 30)
        return self.lines[-1]


class Agent(Process):
    def __init__(self, domain, profile=PROFILE, log=None, act="run"):
        self.status, self.report, self.answers = {}, None, []
        super().__init__([PROGRAM, act, profile, *([log] if log else [])], domain)

    def on_line(self, line):
        if "answer" in line:
            self.answers.append(line)
        elif "report" in line:
            self.report = line
        else:
            self.status = line

    def ask(self, word):
        count = len(self.answers)
        self.write(word)
        wait(f"answer to {word}", lambda: len(self.answers) > count)
        return self.answers[-1]["error"]

    def act(self, word):
        self.answers.clear()
        try:
            wait(f"consent to {word}", lambda: self.ask(word) is None)
        except Failure as failure:
            raise Failure(f"{failure}: {self.answers[-1:]}, {self.status.get('mode')}") from None

    def moving(self):
        self.act("enable")
        wait("motion", lambda: self.status.get("sending") and max(map(abs, self.status["sent"])) > 0.1)
        time.sleep(1.0)

    def until(self, mode, seconds=10.0):
        wait(f"mode {mode!r}, now {self.status.get('mode')!r}", lambda: mode in self.status.get("mode", ""), seconds)

    def end(self):
        self.write("end")
        wait("report at the end", lambda: self.report)
        self.process.wait(10)
        return self.report


class Pair:
    """An arm and an agent, both running, in a domain of their own."""

    domain = 10

    def __init__(self, *options, profile=PROFILE, log=None, agent=True):
        Pair.domain += 1
        self.profile = profile
        self.processes = []
        self.arm = self.new_arm(*options)
        self.agent = self.new_agent(log) if agent else None

    def new_arm(self, *options):
        arm = Arm(self.domain, self.profile, *options)
        self.processes.append(arm)
        return arm

    def new_agent(self, log=None):
        agent = Agent(self.domain, self.profile, log)
        self.processes.append(agent)
        return agent

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for process in self.processes:
            if process.process.poll() is None:
                process.kill()
        if error is not None:
            for process in self.processes:
                print(type(process).__name__, process.words()[-1500:], file=sys.stderr)

    def stops(self, mode, unseen=UNSEEN):
        """From now on the arm comes to rest within what may pass unseen and its braking distance, and stays there."""
        arm = self.arm
        before = arm.ask()["position"]
        if self.agent.process.poll() is None:
            self.agent.until(mode)
        wait("rest", lambda: arm.ask()["speed"] < 0.02)
        rest = arm.ask()["position"]
        far = max(abs(a - b) for a, b in zip(before, rest))
        require(far < unseen + BRAKING, f"{far:.3f} rad until rest, expected at most {unseen:.3f} + {BRAKING:.3f}")
        self.stays(arm)

    def stays(self, arm=None, seconds=1.0):
        arm = arm or self.arm
        before = arm.ask()["position"]
        time.sleep(seconds)
        moved = max(abs(a - b) for a, b in zip(before, arm.ask()["position"]))
        require(moved < STILL, f"moved on by {moved:.3f} rad by itself")

    def resumes(self, arm=None):
        """Two acts, and then motion from where the arm is, without a jump."""
        arm = arm or self.arm
        require(self.agent.ask("enable") is not None, "enabled without a reset")
        self.agent.act("reset")
        self.stays(arm, 0.3)
        self.agent.moving()
        self.judged(arm)

    def judged(self, arm=None):
        said = (arm or self.arm).ask()
        require(not said["violations"], f"violations: {said['violations'][:3]}")
        require(said["acted_on_old"] == 0, f"{said['acted_on_old']} old commands acted on")
        require(said["commands"] > 0, "no command ever came")
        require(said["largest_start"] < 0.02, f"a start {said['largest_start']:.3f} rad from where the arm was")
        return said
