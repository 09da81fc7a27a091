"""digits.py CONFIG SNIPPET_FOLDER LOG [NOISE_LOG [MICRO]]: an MLP on scikit-learn's digits with AdamW, settings from a
JSON config. LOG gets the learning rate and the loss on held-out data by step; NOISE_LOG both gradient norms, with the
batch made up of micro-batches. A run at another batch size sees the same samples in the same order.
"""

import json
import sys

import torch
from sklearn.datasets import load_digits

SAMPLES, EVALUATIONS = 102400, 40


def main(config, folder, log, noise_log=None, micro=None):
    settings = json.load(open(config))
    batch, o = settings["batch_size"], settings["optimizer"]
    accumulation = batch // int(micro) if micro else 1
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y, held_x, held_y = data()
    model = torch.nn.Sequential(
        torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=o["lr"], betas=(o["beta1"], o["beta2"]), eps=o["eps"], weight_decay=o["weight_decay"]
    )
    sys.path.insert(0, folder)
    if noise_log:
        from snippet_torch import NoiseLog

        noise = NoiseLog(model, int(micro), noise_log)
    loss_of, steps, lr, order = torch.nn.CrossEntropyLoss(), SAMPLES // batch, o["lr"], samples(len(x))
    with open(log, "w") as f:
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = lr * min(1.0, (step + 0.5) / steps / 0.05)  # warm-up by samples
            rows = order[step * batch : (step + 1) * batch]
            optimizer.zero_grad()
            for part in rows.chunk(accumulation):
                (loss_of(model(moved(x, part)), y[part // 9]) / accumulation).backward()
            if noise_log:
                noise.step(accumulation)
            optimizer.step()
            if (step + 1) % (steps // EVALUATIONS) == 0:
                with torch.no_grad():
                    held = float(loss_of(model(held_x.flatten(1)), held_y))
                f.write(json.dumps({"step": step + 1, "eval_loss": held, "learning_rate": lr}) + "\n")


def data():
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    x = torch.tensor(digits.images / 16.0, dtype=torch.float32)[order]
    y = torch.tensor(digits.target)[order]
    return x[:1437], y[:1437], x[1437:], y[1437:]


def samples(count):
    """Images with one of nine shifts by a pixel, epoch after epoch."""
    g = torch.Generator().manual_seed(1)
    epochs = [torch.randperm(count, generator=g) for _ in range(SAMPLES // count + 1)]
    images = torch.cat(epochs)[:SAMPLES]
    return images * 9 + torch.randint(0, 9, (SAMPLES,), generator=g)


def moved(x, part):
    padded = torch.nn.functional.pad(x[part // 9], (1, 1, 1, 1))
    shift = part % 9
    rows = (shift // 3)[:, None, None] + torch.arange(8)[None, :, None]
    columns = (shift % 3)[:, None, None] + torch.arange(8)[None, None, :]
    return padded[torch.arange(len(part))[:, None, None], rows, columns].flatten(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
