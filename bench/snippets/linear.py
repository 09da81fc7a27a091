"""A linear model whose gradient noise scale is known: the judge of `rebatch noise --snippet`.

Samples x ~ N(0, I) in d dimensions, y = x.w* + sigma*noise, loss (x.w - y)^2 / 2. With delta = w - w* the mean gradient
is delta, and one sample's has E|g|^2 = (d + 2)|delta|^2 + d sigma^2, so that
N = tr(Sigma)/|G|^2 = d + 1 + d sigma^2/|delta|^2.
"""

import json
import os
import sys

DIMENSIONS, SIGMA, DELTA, STEPS = 10, 2.0, 1.0, 400
N = DIMENSIONS + 1 + DIMENSIONS * SIGMA**2 / DELTA**2


def snippet(name):
    """The module that `rebatch noise --snippet` printed into the folder given."""
    sys.path.insert(0, sys.argv[1])
    return __import__(f"snippet_{name}")


def torch_model():
    import torch

    model = torch.nn.Linear(DIMENSIONS, 1, bias=False)
    with torch.no_grad():
        model.weight.zero_()[0, 0] = DELTA
    return model


def torch_samples(count, seed):
    """x and what the labels are of: w* is 0, so that delta is the weight itself."""
    import torch

    g = torch.Generator().manual_seed(seed)
    return torch.randn(count, DIMENSIONS, generator=g), SIGMA * torch.randn(count, 1, generator=g)


def noise_scale_of(x, y):
    """N of one data set: of its own mean gradient, since an epoch draws each sample once."""
    w = x.new_zeros(DIMENSIONS)
    w[0] = DELTA
    g = (x * (x @ w - y[:, 0])[:, None]).double()
    signal = g.mean(0).pow(2).sum()
    return float((g.pow(2).sum(1).mean() - signal) / signal)


def on_two_processes(main):
    """Runs main(rank) in two processes that find each other, as a launcher would set them up."""
    import torch.multiprocessing as mp

    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=os.environ.get("PORT", "29511"), WORLD_SIZE="2")
    mp.spawn(main, nprocs=2)


def done(**what):
    print(json.dumps({"N": N, **what}), flush=True)
