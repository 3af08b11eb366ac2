"""Imagined rollouts here against PyTorch, eager and compiled, on the same network, batches and two threads.

Usage: compare.py ROLLOUT_RATE [--floors]   where ROLLOUT_RATE is the binary of the crate peer_rates, built for release.
The three take turns, round after round, so that a busy machine disturbs all of them alike. A ratio above one means that
torch takes that many times as long. The rate of the rollouts here stands beside that of torch's best matrix product in the
same round. With --floors the script fails when a median ratio is below the floor.
"""

import statistics
import subprocess
import sys
import time

import torch

LATENT, ACTION, HORIZON = 64, 16, 8
BATCHES = (64, 256, 512)
ROUNDS = 25
PRODUCTS = (256, 768, 2048)
FLOPS = 2 * HORIZON * ((LATENT + ACTION) * 256 + 256 * 256 + 256 * LATENT)
THREADS = 2
# Below what is aimed at (1.8 and 1.4), so that a busy machine does not fail a build; the README has the measured ratios.
FLOORS = {"eager": 1.0, "compile": 0.8}


class Rollout(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.predictor = torch.nn.Sequential(
            torch.nn.Linear(LATENT + ACTION, 256),
            torch.nn.ReLU(),
            torch.nn.Linear(256, 256),
            torch.nn.ReLU(),
            torch.nn.Linear(256, LATENT),
        )

    def forward(self, start: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
        z = start.expand(actions.shape[0], LATENT)
        latents = []
        for step in range(HORIZON):
            z = z + self.predictor(torch.cat([z, actions[:, step]], dim=1))
            latents.append(z)
        return torch.stack(latents, dim=1)


def seconds(work, repeats: int) -> float:
    work()
    started = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - started) / repeats


def best_product() -> float:
    """Operations a second of the fastest of several square products."""
    rates = []
    for size in PRODUCTS:
        a, b = torch.ones(size, size), torch.ones(size, size)
        repeats = max(1, 200_000_000 // size**3)
        rates.append(2 * size**3 / seconds(lambda: a @ b, repeats))
    return max(rates)


def main() -> int:
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    ours = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    eager = Rollout().eval()
    compiled = torch.compile(eager)
    faults = 0
    print(f"torch {torch.__version__}, {THREADS} threads, {ROUNDS} rounds; ratio of the times, median [quartiles]")
    with torch.inference_mode():
        for batch in BATCHES:
            start, actions = torch.randn(1, LATENT), torch.randn(batch, HORIZON, ACTION)
            compiled(start, actions)
            repeats = 40_000 // batch // 10
            times = {"ours": [], "eager": [], "compile": []}
            shares = []
            for _ in range(ROUNDS):
                time.sleep(0.02)  # torch's idle threads spin for a while
                ours.stdin.write(f"{batch} {repeats}\n")
                ours.stdin.flush()
                times["ours"].append(float(ours.stdout.readline()))
                times["eager"].append(seconds(lambda: eager(start, actions), repeats))
                times["compile"].append(seconds(lambda: compiled(start, actions), repeats))
                shares.append(batch * FLOPS / times["ours"][-1] / best_product())
            ours_ms = 1e3 * statistics.median(times["ours"])
            rate = batch * FLOPS / ours_ms / 1e6
            low, middle, high = (100 * share for share in statistics.quantiles(shares, n=4))
            line = f"{batch:4d} candidates: ours {ours_ms:.3f} ms, {rate:.0f} GFLOP/s, "
            line += f"{middle:.0f} % [{low:.0f}, {high:.0f}] of the best product"
            for name in ("eager", "compile"):
                ratios = [t / o for t, o in zip(times[name], times["ours"])]
                low, middle, high = statistics.quantiles(ratios, n=4)
                line += f"   {name} {middle:.2f} [{low:.2f}, {high:.2f}]"
                faults += middle < FLOORS[name]
            print(line, flush=True)
    ours.stdin.close()
    ours.wait()
    return 1 if "--floors" in sys.argv and faults else 0


if __name__ == "__main__":
    sys.exit(main())
