"""torch_run.py FOLDER ACCUMULATION PROCESSES: trains with clipping (and DDP), logs to FOLDER/noise.jsonl."""

import sys

import linear
import torch
import torch.distributed as dist

ACCUMULATION, PROCESSES, MICRO = int(sys.argv[2]), int(sys.argv[3]), 4


def main(rank=0):
    torch.set_num_threads(1)
    model = linear.torch_model()
    if PROCESSES > 1:
        dist.init_process_group("gloo", rank=rank, world_size=PROCESSES)
        model = torch.nn.parallel.DistributedDataParallel(model)
    noise = linear.snippet("torch").NoiseLog(model, MICRO, f"{sys.argv[1]}/noise.jsonl")
    # The weights stay, so that N stays: what is under test is what is logged.
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    for step in range(linear.STEPS):
        x, y = linear.torch_samples(MICRO * ACCUMULATION, 1000 * step + rank)
        optimizer.zero_grad()
        for i in range(ACCUMULATION):
            part = slice(i * MICRO, (i + 1) * MICRO)
            last = i == ACCUMULATION - 1
            if PROCESSES > 1 and not last:
                with model.no_sync():
                    backward(model, x[part], y[part])
            else:
                backward(model, x[part], y[part])
        noise.step(ACCUMULATION)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
    if PROCESSES > 1:
        dist.destroy_process_group()


def backward(model, x, y):
    (((model(x) - y) ** 2).mean() / 2 / ACCUMULATION).backward()


if __name__ == "__main__":
    main() if PROCESSES == 1 else linear.on_two_processes(main)
    linear.done(batches=[MICRO, MICRO * ACCUMULATION * PROCESSES])
