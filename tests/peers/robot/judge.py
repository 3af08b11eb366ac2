"""The robot's own judge of what it is sent: it knows the limits, and nothing of who sends.

A command is a stamped trajectory: a point for the next tick, and after it how to come to rest. Velocity, acceleration and jerk
are backward differences. Where commands were missed, the robot has executed the points of the last one that were due.
"""

import math

TICK_SLACK = 1e-6  # relative
ROUNDING = 1e-13  # rad: positions near 3 rad, and stamps in whole nanoseconds


class Judge:
    def __init__(self, joints, period):
        self.joints = joints
        self.period = period
        self.violations = []
        self.worst = {"velocity": 0.0, "acceleration": 0.0, "jerk": 0.0}
        self.commands = 0
        self.missed = 0  # ticks without a command
        self.gap = 0  # of them, right before the newest command
        self.starts = 0
        self.largest_start = 0.0
        self.past = None
        self.ahead = []
        self.stamp = None

    def command(self, stamp, points, measured):
        """Judges a command with the time it starts at, s, and its points, each a list of positions, rad."""
        self.commands += 1
        if any(not math.isfinite(q) for point in points for q in point):
            self._violation(stamp, "a position that is no number")
            return
        ticks = None if self.stamp is None else round((stamp - self.stamp) / self.period)
        if ticks is None or ticks > 15:
            # A new start: the arm is to stay where it is.
            self.gap = 0
            self.starts += 1
            self.largest_start = max(self.largest_start, max(abs(a - b) for a, b in zip(points[0], measured)))
            self.past = [(q, 0.0, 0.0) for q in points[0]]
        else:
            self.gap = max(ticks, 1) - 1
            self.missed += self.gap
            for _ in range(self.gap):
                if not self.ahead:
                    break
                self.past = self._step(stamp, self.past, self.ahead[0])
                self.ahead = self.ahead[1:] or self.ahead
            self.past = self._step(stamp, self.past, points[0])
        self.stamp = stamp
        self.ahead = points[1:] or points[:1]
        end = self.past
        for point in points[1:]:
            end = self._step(stamp, end, point)
        if any(abs(v) > 1e-6 for _, v, _ in end):
            self._violation(stamp, "a command that does not end at rest")

    def _step(self, stamp, past, point):
        return [self._joint(stamp, *each) for each in zip(self.joints, past, point)]

    def _joint(self, stamp, limits, past, q):
        last, last_v, last_a = past
        velocity = (q - last) / self.period
        acceleration = (velocity - last_v) / self.period
        jerk = (acceleration - last_a) / self.period
        for power, (what, value) in enumerate(
            [("velocity", velocity), ("acceleration", acceleration), ("jerk", jerk)], start=1
        ):
            limit = limits[what]
            self.worst[what] = max(self.worst[what], abs(value) / limit)
            if abs(value) > limit * (1 + TICK_SLACK) + ROUNDING / self.period**power:
                self._violation(stamp, f"{what} of {limits['name']} {value:.4f} beyond {limit}")
        low, high = limits["position_min"] + limits["margin"], limits["position_max"] - limits["margin"]
        outward = (q < low and q < last) or (q > high and q > last)
        if outward:
            self._violation(stamp, f"{limits['name']} to {q:.4f} outside {low:.4f} to {high:.4f}")
        return q, velocity, acceleration

    def _violation(self, stamp, text):
        if len(self.violations) < 20:
            after = f" after {self.gap} ticks without a command" if self.gap else ""
            self.violations.append(f"{stamp:.3f}: {text}{after}")
