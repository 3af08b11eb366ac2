"""A training step here against the same step in PyTorch: the same networks, losses, batch and two threads.

Usage: train.py TRAINING_RATE [--floors]   where TRAINING_RATE is the binary of the crate peer_rates, built for release.
The two take turns, round after round, so that a busy machine disturbs both alike. A ratio above one means that torch takes that
many times as long. Torch's batch lies ready in memory; the step here draws its own, windows and pairs, from the data. Torch takes
the batch whole, with autograd throughout; here it is two shards, and SIGReg's gradient is written by hand. With --floors the script fails when the median
ratio is below the floor.
"""

import statistics
import subprocess
import sys
import time

import torch
from torch import nn

OBSERVATION, BLOCK_ACTION, POSE, LATENT = 11, 10, 6, 64
BATCH, OPEN_LOOP, IMAGINED, HEADS = 128, 4, 8, 3
DIRECTIONS, KNOTS = 32, 17
DELTA, LAMBDA_SIGREG, EXPECTILE, CLIP = 0.02, 0.02, 0.2, 1.0
THREADS, ROUNDS, STEPS = 2, 15, 40
# The project asks for at most 1.5 times torch's time.
FLOOR = 1 / 1.5


def perceptron(*sizes: int) -> nn.Sequential:
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = perceptron(OBSERVATION, 128, 128, LATENT)
        self.predictor = perceptron(LATENT + BLOCK_ACTION, 384, 384, LATENT)
        self.inverse = perceptron(2 * LATENT, 128, BLOCK_ACTION)
        self.pose = perceptron(LATENT, 256, 256, POSE)
        self.reach = nn.ModuleList(perceptron(2 * LATENT, 128, 128, 1) for _ in range(HEADS))
        knots = torch.linspace(0, 3, KNOTS)
        self.register_buffer("knots", knots)
        self.register_buffer("target", torch.exp(-0.5 * knots**2))
        ends = torch.full((KNOTS,), 2.0)
        ends[0] = ends[-1] = 1.0
        self.register_buffer("weight", ends * (knots[1] - knots[0]) * self.target)

    def representation(self):
        for network in (self.encoder, self.predictor, self.inverse):
            yield from network.parameters()

    def heads(self):
        for network in (self.pose, self.reach):
            yield from network.parameters()

    def predict(self, z, action):
        return z + self.predictor(torch.cat([z, action], dim=1))

    def sigreg(self, z):
        directions = nn.functional.normalize(torch.randn(DIRECTIONS, LATENT), dim=1)
        angles = (z @ directions.T)[:, :, None] * self.knots
        error = (angles.cos().mean(0) - self.target) ** 2 + angles.sin().mean(0) ** 2
        return z.shape[0] * (error @ self.weight).mean()

    def loss(self, batch):
        z = self.encoder(batch["observations"])
        latent, predicted = z[:BATCH], []
        for action in batch["actions"][:OPEN_LOOP]:
            latent = self.predict(latent, action)
            predicted.append(latent)
        error = torch.cat(predicted) - z[BATCH:]
        prediction = ((error**2).mean(1) + DELTA**2).sqrt().sub(DELTA).mean() * OPEN_LOOP
        pairs = torch.cat([z[: OPEN_LOOP * BATCH], z[BATCH:]], dim=1)
        inverse = ((self.inverse(pairs) - torch.cat(batch["actions"][:OPEN_LOOP])) ** 2).mean()
        with torch.no_grad():
            imagined = [p.detach() for p in predicted]
            for action in batch["actions"][OPEN_LOOP:]:
                imagined.append(self.predict(imagined[-1], action))
            still = torch.cat([z.detach(), *imagined])
            goals = self.encoder(batch["goals"])
            starts = still[batch["starts"]]
        pose = ((self.pose(still) - batch["poses"]) ** 2).mean()
        ways = torch.cat([starts, goals], dim=1)
        reach = 0
        for head in self.reach:
            e = batch["labels"] - head(ways)
            reach = reach + (EXPECTILE * e.relu() ** 2 + (1 - EXPECTILE) * (-e).relu() ** 2).mean()
        return prediction + inverse + LAMBDA_SIGREG * self.sigreg(z) + pose + reach


def batches():
    rows = (OPEN_LOOP + 1) * BATCH
    return {
        "observations": torch.randn(rows, OBSERVATION),
        "actions": [torch.randn(BATCH, BLOCK_ACTION) for _ in range(IMAGINED)],
        "goals": torch.randn(BATCH, OBSERVATION),
        "poses": torch.randn(rows + IMAGINED * BATCH, POSE),
        "starts": torch.randint(rows + IMAGINED * BATCH, (BATCH,)),
        "labels": torch.rand(BATCH, 1) * 4,
    }


def main() -> int:
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    model = Model()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)
    batch = batches()

    def step() -> None:
        optimiser.zero_grad()
        model.loss(batch).backward()
        nn.utils.clip_grad_norm_(list(model.representation()), CLIP)
        nn.utils.clip_grad_norm_(list(model.heads()), CLIP)
        optimiser.step()

    ours = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    times = {"ours": [], "torch": []}
    for turn in range(ROUNDS + 1):
        time.sleep(0.02)  # torch's idle threads spin for a while
        ours.stdin.write(f"{STEPS}\n")
        ours.stdin.flush()
        mine = float(ours.stdout.readline())
        started = time.perf_counter()
        for _ in range(STEPS):
            step()
        if turn > 0:  # the first warms up
            times["ours"].append(mine)
            times["torch"].append((time.perf_counter() - started) / STEPS)
    ours.stdin.close()
    ours.wait()
    ratios = [t / o for t, o in zip(times["torch"], times["ours"])]
    low, middle, high = statistics.quantiles(ratios, n=4)
    mine, other = (1e3 * statistics.median(times[name]) for name in ("ours", "torch"))
    print(f"torch {torch.__version__}, {THREADS} threads, {ROUNDS} rounds of {STEPS} steps, batch {BATCH}")
    print(f"a training step: ours {mine:.2f} ms, torch {other:.2f} ms, ratio {middle:.2f} [{low:.2f}, {high:.2f}]")
    return 1 if "--floors" in sys.argv and middle < FLOOR else 0


if __name__ == "__main__":
    sys.exit(main())
