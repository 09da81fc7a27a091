"""Which settings are compared: the batch pairs, and what each optimizer's settings become in each column."""

import math
from collections.abc import Callable
from typing import NamedTuple

from rebatch import config_file, converted, old_settings


class Pair(NamedTuple):
    """An old batch and a new one, under a schedule of the learning rate."""

    task: str
    old: int
    new: int
    schedule: str

    @property
    def kappa(self):
        return self.new / self.old


PAIRS = (
    Pair("lm", 32, 1, "const"),
    Pair("lm", 8, 1, "const"),
    Pair("lm", 1, 8, "const"),
    Pair("digits", 256, 8, "const"),
    Pair("digits", 256, 32, "const"),
    Pair("digits", 32, 256, "const"),
    Pair("digits", 256, 32, "cos"),
    Pair("digits", 32, 256, "cos"),
)


def kept(old, kappa):
    return old


def trap(old, kappa):
    """kappa*lr with a converted momentum, where the buffer is a sum."""
    return {**old, "lr": kappa * old["lr"], "momentum": old["momentum"] ** kappa}


def root(old, kappa):
    """sqrt(kappa)*lr with converted averages, where the square root is no rule."""
    averages = {k: old[k] ** kappa for k in ("momentum", "beta1", "beta2") if k in old}
    return {**old, **averages, "lr": math.sqrt(kappa) * old["lr"]}


def power_of_beta1(old, kappa):
    """Lion's beta1 treated as a decay."""
    return {**root(old, kappa), "lr": kappa * old["lr"]}


def by_three_quarters(old, kappa):
    """kappa^0.75*lr for the AdamW beside Muon, about what follows on these networks in both directions."""
    return {**root(old, kappa), "lr": kappa**0.75 * old["lr"]}


class Column(NamedTuple):
    """One way to convert: options of rebatch, or settings by hand where rebatch rightly has no such option.

    by_hand: old settings, kappa -> new settings. rest: for Muon, how the AdamW of the other parameters is converted; in
    nearly every column the same way, so that only Muon's own rule differs.
    """

    arguments: tuple[str, ...] | None = None
    by_hand: Callable | None = None
    rest: tuple[str, ...] | Callable = by_three_quarters
    seeds: int = 4


def rule(*arguments):
    return Column(("--rule", *arguments))


NOT_CONVERTED = Column(by_hand=kept, seeds=2)
NOISE_AWARE = ("--rule", "noise-aware", "--noise-scale")
"""The noise scale is measured (noise.py), so it is added when the column is converted."""

COLUMNS = {
    "sgd": {
        "not converted": NOT_CONVERTED,
        "`ema`": rule("ema"),
        "`--keep momentum`": rule("ema", "--keep", "momentum"),
        "trap": Column(by_hand=trap),
    },
    "adamw": {
        "not converted": NOT_CONVERTED,
        "`ema`": rule("ema"),
        "kappa^0.75": rule("power", "--power", "0.75"),
        "`sqrt`": rule("sqrt"),
        "`noise-aware`": Column(NOISE_AWARE),
    },
    "lamb": {
        "not converted": NOT_CONVERTED,
        "`ema`": rule("ema"),
        "betas kept": rule("linear"),
        "sqrt lr": Column(by_hand=root),
    },
    "lion": {
        "not converted": NOT_CONVERTED,
        "`ema`": rule("ema"),
        "`ema --literal`": rule("ema", "--literal"),
        "b1^kappa": Column(by_hand=power_of_beta1),
        "betas kept": rule("linear"),
    },
    "muon": {
        "not converted": Column(by_hand=kept, rest=kept, seeds=2),
        "`ema`": rule("ema"),
        "`ema`, the rest `sqrt`": Column(("--rule", "ema"), rest=("--rule", "sqrt")),
        "`--keep momentum`": rule("ema", "--keep", "momentum"),
    },
    "adafactor": {
        "not converted": NOT_CONVERTED,
        "`ema`": rule("ema"),
        "kappa^0.75": rule("power", "--power", "0.75"),
        "`sqrt`": rule("sqrt"),
    },
}


def pairs_of(optimizer):
    """The pairs whose old batch has a config of this optimizer."""
    return [pair for pair in PAIRS if config_file(pair.task, pair.old, optimizer).exists()]


def old_of(pair, optimizer):
    settings = old_settings(pair.task, pair.old, optimizer)
    return {**settings, "rest": old_settings(pair.task, pair.old, "muon-rest")} if optimizer == "muon" else settings


def new_of(pair, optimizer, column, noise_scale=None):
    """The settings at the new batch."""
    if column.by_hand:
        settings = column.by_hand(old_settings(pair.task, pair.old, optimizer), pair.kappa)
    else:
        settings = converted(pair.task, pair.old, pair.new, optimizer, arguments_of(column, noise_scale))
    if optimizer != "muon":
        return settings
    if callable(column.rest):
        return {**settings, "rest": column.rest(old_settings(pair.task, pair.old, "muon-rest"), pair.kappa)}
    return {**settings, "rest": converted(pair.task, pair.old, pair.new, "muon-rest", column.rest)}


def arguments_of(column, noise_scale):
    return (*column.arguments, f"{noise_scale:.6g}") if column.arguments == NOISE_AWARE else column.arguments
