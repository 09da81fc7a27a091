"""Runs of frameworks that train with torch: what an optimizer and its scheduler are, and how far they walk."""

from __future__ import annotations

from functools import cache
from typing import Any, Callable, Iterable, Sequence

import torch

from judging import SLOW, Group

#: Classes that sum gradients in their buffer, told by their sources: torch/optim/{sgd,rmsprop}.py,
#: timm/optim/{sgdw,rmsprop_tf,lars,nvnovograd,madgrad}.py. Muon's and LAMB's are normalised after it.
SUMS = {"SGD", "SGDW", "RMSprop", "RMSpropTF", "Lars", "NvNovoGrad", "NovoGrad"}
LIONS = {"Lion", "FusedLion", "DeepSpeedCPULion"}
FOREVER = {"Adagrad"}


def groups_of(optimizer: torch.optim.Optimizer) -> list[Group]:
    return [group_of(type(optimizer).__name__, group) for group in optimizer.param_groups if group["params"]]


def group_of(kind: str, group: dict[str, Any]) -> Group:
    decays = {f"beta{i + 1}": float(b) for i, b in enumerate(group.get("betas") or ())}
    momentum = group.get("momentum") or 0.0
    if momentum:
        decays["momentum"] = float(momentum)
    for name in ("alpha", "rho") if kind in ("RMSprop", "RMSpropTF", "Adadelta") else ():
        if name in group:
            decays[name] = float(group[name])
    return Group(
        lr=float(group.get("initial_lr", group["lr"])),
        decays=decays,
        sums=kind in SUMS,
        dampening=float(group.get("dampening") or 0.0),
        forever=kind in FOREVER,
        lion=kind in LIONS,
    )


def rates_of(scheduler: Any, optimizer: torch.optim.Optimizer) -> Callable[[int], Sequence[float]]:
    """Learning rates by step; those that are no function of the step are walked through once."""
    lambdas = getattr(scheduler, "lr_lambdas", None)
    filled = [i for i, g in enumerate(optimizer.param_groups) if g["params"]]
    if lambdas:
        return lambda step: [scheduler.base_lrs[i] * lambdas[i](step) for i in filled]
    if scheduler is None:
        return lambda step: [optimizer.param_groups[i]["lr"] for i in filled]
    walked: list[list[float]] = []

    def at(step: int) -> Sequence[float]:
        while len(walked) <= step:
            walked.append([optimizer.param_groups[i]["lr"] for i in filled])
            optimizer.step()
            scheduler.step()
        return walked[step]

    return at


def walker(build: Callable[[], tuple[Iterable[torch.nn.Parameter], torch.optim.Optimizer]]):
    """Walks of a fresh optimizer at its peak learning rate, slowed down: where the first weight is, from 1."""

    @cache
    def walk(stops: tuple[int, ...], gradient: float) -> list[float]:
        parameters, optimizer = build()
        parameters = [p for p in parameters if p.requires_grad]
        for p in parameters:
            p.data = torch.ones_like(p, dtype=torch.float64)
        for group in optimizer.param_groups:
            group["lr"] = SLOW * group.get("initial_lr", group["lr"])
        given = {p: torch.full_like(p, gradient) for p in parameters}
        places = []
        for step in range(1, stops[-1] + 1):
            for p in parameters:
                # A copy, since some optimizers work in the gradient.
                p.grad = given[p].clone()
            optimizer.step()
            if step in stops:
                places.append(float(parameters[0].detach().flatten()[0]))
        return places

    return walk
