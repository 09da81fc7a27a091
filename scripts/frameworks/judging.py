"""What all judges share: the laws, the scenarios, the negative controls, and the report.

A judge loads a config with its framework's own loader and says what the framework would do with it: a Run. The laws
compare the Runs of an original and of its conversion. Nothing here is read from rebatch but the converted file.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Callable, Sequence

ROOT = Path(__file__).resolve().parents[2]

#: Six significant digits are written, so that a value is right to 5e-6 and a product of two to 1e-5.
DIGITS = 2e-5
#: Walks go at a hundredth of the learning rate, where old and new agree up to what one step adds.
WALK, SLOW = 0.01, 0.01
#: Sample counts at which the curves are compared.
POINTS = 50
#: Between its ends, which are exact, a schedule moves a decay in a straight line, which a power bends: at eight times
#: the batch 1 - decay by 4 % and lr/(1-decay) by 10 %.
BENT = 0.12


@dataclass
class Group:
    """One parameter group as the framework's optimizer has it."""

    lr: float
    decays: dict[str, float] = field(default_factory=dict)
    #: Gradients are summed, `buffer = momentum*buffer + (1-dampening)*gradient`.
    sums: bool = False
    dampening: float = 0.0
    #: Squares are summed over the whole run.
    forever: bool = False
    #: Lion, whose first beta only mixes the newest gradient in.
    lion: bool = False


@dataclass
class Run:
    """What a framework does with a config."""

    #: Samples of one optimizer step.
    batch: int
    groups: list[Group]
    #: The learning rates of the groups at an optimizer step.
    rates: Callable[[int], Sequence[float]]
    #: Optimizer steps of the whole run.
    steps: int
    #: The decays of the groups at an optimizer step, where a schedule moves them.
    momenta: Callable[[int], Sequence[dict[str, Any]]] | None = None
    #: Numbers of optimizer steps: warm-up, length of the run, ...
    counts: dict[str, float] = field(default_factory=dict)
    #: Averages beside the optimizer's: the decay over `samples` samples.
    averages: dict[str, tuple[float, float]] = field(default_factory=dict)
    #: What a batch must not change.
    same: dict[str, Any] = field(default_factory=dict)
    #: Lengths of walks with a constant gradient, and without one from weights of 1, after so many steps.
    walk: Callable[[Sequence[int], float], Sequence[float]] | None = None


@dataclass(frozen=True)
class Scenario:
    name: str
    ratio: Fraction
    fewer_devices: int = 1


DOWN = Scenario("down 4x", Fraction(1, 4))
UP = Scenario("up 8x", Fraction(8))
BETWEEN = Scenario("ratio 3/4", Fraction(3, 4))
BEYOND = Scenario("ratio 3/2", Fraction(3, 2))
FEWER = Scenario("half the devices", Fraction(1), 2)
SCENARIOS = (DOWN, UP, BETWEEN, BEYOND, FEWER)


# ---- the laws -------------------------------------------------------------------------------------------------------


def near(a: float, b: float, tolerance: float = DIGITS) -> bool:
    return a == b or abs(a - b) <= tolerance * max(abs(a), abs(b))


def same_memory(old: float, new: float, kappa: float) -> bool:
    """new = old^kappa, told by 1 - decay, which is what a memory is made of."""
    if old in (0.0, 1.0):
        return new == old
    return near(1 - new, -math.expm1(kappa * math.log(old)), 2 * DIGITS)


def kept_variance(b: float) -> float:
    """The variance of an average of independent gradients."""
    return (1 - b) / (1 + b)


def lion_first_beta(beta1: float, beta2: float, kappa: float) -> float:
    """The mixture of buffer and newest gradient whose variance per sample stays: the smaller root of
    (1-b)^2 + b^2*q = v. Where one gradient alone has less than v it is 0, and 1/(1+q) has the least there is."""
    variance = kappa * ((1 - beta1) ** 2 + beta1**2 * kept_variance(beta2))
    q = kept_variance(beta2**kappa)
    root = 1 - (1 + q) * (1 - variance)
    return max(0.0, (1 - math.sqrt(max(0.0, root))) / (1 + q))


def rate_factor(group: Group, kappa: float, new: Group) -> float:
    """What the learning rate must be multiplied by."""
    if group.forever:
        return math.sqrt(kappa)
    if not group.sums:
        return kappa
    mu = group.decays.get("momentum", group.decays.get("beta1", 0.0))
    damped = (1 - group.dampening) / (1 - new.dampening)
    return kappa * damped * (1 - mu**kappa) / (1 - mu) if mu else kappa * damped


def judge_group(at: str, old: Group, new: Group, kappa: float) -> list[str]:
    wrong = []
    if set(old.decays) != set(new.decays):
        return [f"{at}: decays {sorted(old.decays)} became {sorted(new.decays)}"]
    for name, decay in old.decays.items():
        if old.lion and name == "beta1":
            expected = lion_first_beta(decay, old.decays["beta2"], kappa)
            if not near(new.decays[name], expected, 5 * DIGITS):
                wrong.append(f"{at}: beta1 of Lion {new.decays[name]}, expected {expected}")
        elif not same_memory(decay, new.decays[name], kappa):
            wrong.append(f"{at}: {name} {decay} -> {new.decays[name]}, expected {decay**kappa}")
    expected = old.lr * rate_factor(old, kappa, new)
    if not near(new.lr, expected):
        wrong.append(f"{at}: learning rate {old.lr} -> {new.lr}, expected {expected}")
    return wrong


def judge_counts(old: Run, new: Run, kappa: Fraction) -> list[str]:
    wrong = []
    for name, count in old.counts.items():
        expected = count / float(kappa)
        # Half a step of rounding, and no count of steps below one.
        if abs(new.counts[name] - max(expected, min(count, 1))) > 0.5 + 1e-9:
            wrong.append(f"{name} {count} -> {new.counts[name]}, expected {expected}")
    return wrong


def judge_averages(old: Run, new: Run) -> list[str]:
    wrong = []
    if set(old.averages) != set(new.averages):
        return [f"averages {sorted(old.averages)} became {sorted(new.averages)}"]
    for name, (decay, samples) in old.averages.items():
        now, samples_now = new.averages[name]
        if not same_memory(decay, now, samples_now / samples):
            wrong.append(f"{name} {decay} -> {now}, expected {decay ** (samples_now / samples)}")
    return wrong


def judge_curve(old: Run, new: Run, kappa: Fraction) -> list[str]:
    """lr'(n) = factor * lr(n) at 50 sample counts n; where counts had to be rounded, within one step of n."""
    unit = math.lcm(old.batch, new.batch)
    total = old.steps * old.batch
    whole = all((Fraction(c) / kappa).denominator == 1 for c in old.counts.values()) and total >= POINTS * unit
    for g, group in enumerate(old.groups):
        factor = rate_factor(group, float(kappa), new.groups[g])
        for i in range(POINTS):
            n = i * total // POINTS // unit * unit if total >= POINTS * unit else i * total // POINTS
            if n // new.batch >= new.steps:
                continue
            now = new.rates(n // new.batch)[g]
            if group.sums and old.momenta and new.momenta:
                # The buffer adds up with the momentum of the moment.
                mu, mu_now = (r.momenta(n // r.batch)[g].get("momentum", 0.0) for r in (old, new))
                expected = float(kappa) * old.rates(n // old.batch)[g] * (1 - mu_now) / (1 - mu)
                right = near(now, expected, 5 * DIGITS if mu == group.decays.get("momentum", 0.0) else BENT)
            elif whole:
                expected = factor * old.rates(n // old.batch)[g]
                right = near(now, expected, 5 * DIGITS)
            else:
                band = [
                    factor * old.rates(max(0, min(old.steps - 1, step)))[g]
                    for step in around(n, 2 * new.batch, old.batch)
                ]
                expected = band[len(band) // 2]
                right = min(band) * (1 - 5 * DIGITS) <= now <= max(band) * (1 + 5 * DIGITS)
            if not right:
                return [f"group {g}: learning rate after {n} samples {now}, expected {expected} (point {i})"]
    return []


def judge_momenta(old: Run, new: Run, kappa: Fraction) -> list[str]:
    """A decay that a schedule moves has its old memory at every sample count."""
    if not (old.momenta and new.momenta):
        return []
    unit, total = math.lcm(old.batch, new.batch), old.steps * old.batch
    for i in range(POINTS):
        n = i * total // POINTS // unit * unit
        for g, (a, b) in enumerate(zip(old.momenta(n // old.batch), new.momenta(n // new.batch))):
            if old.groups[g].lion:
                continue
            for key, value in a.items():
                olds, news = (v if isinstance(v, (tuple, list)) else (v,) for v in (value, b[key]))
                for x, y in zip(olds, news):
                    if not near(1 - float(y), 1 - float(x) ** float(kappa), BENT):
                        return [f"group {g}: {key} after {n} samples {x} -> {y}"]
    return []


def around(n: int, width: int, batch: int) -> list[int]:
    """Steps of the old run within `width` samples of n, at most 9 of them."""
    first, last = (n - width) // batch, -((-n - width) // batch)
    return sorted({first + (last - first) * i // 8 for i in range(9)} | {n // batch})


#: Optimizers that are not walked. Adadelta's first steps are remembered for ever, and there are more of them in the
#: same samples (torch/optim/adadelta.py: no correction of the empty averages). RAdamLegacy computes in float32, which
#: is too coarse for slow walks (timm/optim/radam.py).
UNWALKED = ("Adadelta", "RAdamLegacy")


def judge_walks(old: Run, new: Run) -> list[str]:
    """The framework's own optimizer moves as far per sample, under a steady gradient and under weight decay alone."""
    if not (old.walk and new.walk) or old.same.get("optimizer") in UNWALKED:
        return []
    memory = max(1 / (1 - d) for g in old.groups for d in [*g.decays.values(), 0.0] if d < 1)
    unit = math.lcm(old.batch, new.batch)
    start = max(1, round(min(12 * memory, 300) * old.batch / unit)) * unit
    end = start + max(1, round(60 * old.batch / unit)) * unit
    wrong = []
    for gradient, name in ((1.0, "under a steady gradient"), (0.0, "by weight decay alone")):
        spans = []
        for run in (old, new):
            a, b = run.walk((start // run.batch, end // run.batch), gradient)
            spans.append(b - a)
        if not near(spans[0], spans[1], WALK) and max(map(abs, spans)) > 1e-12:
            wrong.append(f"from {start} to {end} samples it moves {spans[0]:.6g}, then {spans[1]:.6g} {name}")
    return wrong


def judge(old: Run, new: Run, ratio: Fraction) -> list[str]:
    """What is wrong with a conversion; nothing where all is right."""
    if new.batch != old.batch * ratio:
        return [f"batch {old.batch} -> {new.batch}, expected {old.batch * ratio}"]
    if len(old.groups) != len(new.groups):
        return [f"{len(old.groups)} parameter groups became {len(new.groups)}"]
    wrong = [f"{k}: {v} became {new.same.get(k)}" for k, v in old.same.items() if new.same.get(k) != v]
    for i, (a, b) in enumerate(zip(old.groups, new.groups)):
        wrong += judge_group(f"group {i}", a, b, float(ratio))
    wrong += judge_counts(old, new, ratio) + judge_averages(old, new)
    wrong += judge_curve(old, new, ratio) + judge_momenta(old, new, ratio)
    return wrong or judge_walks(old, new)


# ---- the program ----------------------------------------------------------------------------------------------------


class Refused(Exception):
    """rebatch refused the conversion; its message."""


#: Codes of warnings that say by name which decay was not converted.
TOLD = re.compile(r"\[(decays-unsaid|note|schedule-unsaid)\]")


def rebatch(source: Path, target: Path, *args: Any) -> bool:
    """Converts a file with the built command line. Whether it said that something is left to the user."""
    command = ["node", str(ROOT / "bin/rebatch.js"), str(source), "-o", str(target), *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        line = (done.stderr.strip() or done.stdout.strip()).splitlines()[0]
        raise Refused(line.replace(f"{source.parent}/", "").split("; pass")[0])
    return bool(TOLD.search(done.stderr + done.stdout))


# ---- scenarios and controls ------------------------------------------------------------------------------------------


@dataclass
class Case:
    """A config, the devices it ran on, and the options that say what the file does not."""

    name: str
    path: Path
    world: int = 1
    #: Samples of a step, where the file does not say.
    batch: int | None = None
    args: tuple[str, ...] = ()
    scenarios: tuple[Scenario, ...] = SCENARIOS
    #: One of many of a kind: the controls are tried in its first scenario alone.
    of_many: bool = False


@dataclass
class Judge:
    """A framework: how it loads a config, and how the fields of its batch are carried into another file."""

    framework: str
    version: str
    #: (file, devices, samples of a step where the file does not say) -> Run
    load: Callable[[Path, int, int | None], Run]
    #: (original, converted, target): writes the original with the converted batch and nothing else.
    unconverted: Callable[[Path, Path, Path], None]
    #: (original, devices, target): writes the original for fewer devices, where the devices are in the file.
    on_devices: Callable[[Path, int, Path], None] = lambda original, _, target: shutil.copy(original, target)


@dataclass
class Tally:
    cases: int = 0
    right: int = 0
    controls: int = 0
    caught: int = 0
    #: Not converted, and rebatch said so.
    told: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def report(self, judge: Judge) -> None:
        """One line of JSON, which the runner reads."""
        print(json.dumps({"framework": judge.framework, "version": judge.version, **self.__dict__}), flush=True)


def target_args(old: Run, scenario: Scenario, case: Case) -> list[Any]:
    batch = int(old.batch * scenario.ratio)
    if case.batch:
        return ["--from", case.batch, "--to", batch]
    fewer = ["--world-to", case.world // scenario.fewer_devices] if scenario.fewer_devices > 1 else []
    return ["--to", batch, "--world", case.world, *fewer]


def try_case(judge_: Judge, case: Case, scenario: Scenario, old: Run, folder: Path, tally: Tally) -> None:
    batch = case.batch and int(case.batch * scenario.ratio)
    label = f"{case.name}, {scenario.name}"
    devices = case.world // scenario.fewer_devices
    new = folder / f"new{case.path.suffix}"
    try:
        args = target_args(old, scenario, case)
        told = rebatch(case.path, new, *args, *case.args)
    except Refused as why:
        tally.refused.append(f"{label}: {why}")
        return
    tally.cases += 1
    wrong = judge(old, judge_.load(new, devices, batch), scenario.ratio)
    if not wrong:
        tally.right += 1
    elif told and all(DECAY.search(w) for w in wrong):
        tally.told.append(f"{label}: {wrong[0]}")
    else:
        tally.wrong += [f"{label}: {w}" for w in wrong]
    # Without an average lr*kappa can be right, and so can what a trainer makes of the new batch by itself.
    averaged = any(g.decays for g in old.groups) or old.averages
    # Where the file says the whole batch, fewer devices change nothing in it.
    changed = new.read_bytes() != case.path.read_bytes()
    if (averaged if scenario.ratio != 1 else changed) and not (case.of_many and scenario != case.scenarios[0]):
        try_controls(judge_, case, scenario, (old, new, args, batch, label), folder, tally)


#: A complaint about a decay that was left as it is.
DECAY = re.compile(r"^(?:group \d+: )?(?:\S+|beta1 of Lion|\S+ after \d+ samples) (\S+) -> \1(?:,|$)")


def try_controls(judge_: Judge, case: Case, scenario: Scenario, made: tuple, folder: Path, tally: Tally) -> None:
    """What is not a conversion must be caught: the batch alone, and lr*kappa with the averages kept."""
    old, new, args, batch, label = made
    control = folder / f"control{case.path.suffix}"
    devices = case.world // scenario.fewer_devices
    if scenario.ratio == 1:
        judge_.on_devices(case.path, devices, control)
    else:
        judge_.unconverted(case.path, new, control)
    bad = {"unconverted": control}
    if scenario.ratio != 1:
        linear = folder / f"linear{case.path.suffix}"
        rebatch(case.path, linear, *args, *case.args, "--rule", "linear")
        bad["--rule linear"] = linear
    for name, path in bad.items():
        tally.controls += 1
        try:
            wrong = judge(old, judge_.load(path, devices, batch), scenario.ratio)
        except Exception as error:  # the framework itself does not take it
            wrong = [first_line(error)]
        if wrong:
            tally.caught += 1
        else:
            tally.wrong.append(f"{label}: the control ({name}) passed")


def run_cases(judge_: Judge, cases: Sequence[Case]) -> Tally:
    tally = Tally()
    for case in cases:
        try:
            old = judge_.load(case.path, case.world, case.batch)
        except Exception as why:
            # Where a framework cannot run here, or does not take the original, there is nothing to compare.
            tally.skipped.append(f"{case.name}: {type(why).__name__}: {first_line(why)}")
            continue
        for scenario in case.scenarios:
            # One device cannot be halved, and no sample quartered.
            if scenario.fewer_devices > case.world or (old.batch * scenario.ratio).denominator != 1:
                continue
            print(f"{judge_.framework}: {case.name}, {scenario.name}", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory() as folder:
                try:
                    try_case(judge_, case, scenario, old, Path(folder), tally)
                except Exception as error:  # what the framework refuses to load is a finding too
                    tally.wrong.append(f"{case.name}, {scenario.name}: {type(error).__name__}: {first_line(error)}")
    return tally


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]


def source(repository: str) -> Path:
    """A checkout of a framework, for what its package leaves out; run.py makes it."""
    folder = Path(os.environ["FRAMEWORKS_SOURCES"]) / repository.split("/")[1]
    if not folder.is_dir():
        raise FileNotFoundError(f"no checkout of {repository} at {folder}")
    return folder


def corpus(kind: str, pattern: str = "*") -> list[Path]:
    """Real configs of others, which are not part of the repository: FRAMEWORKS_CORPUS names their folder."""
    folder = os.environ.get("FRAMEWORKS_CORPUS")
    return sorted((Path(folder) / kind).glob(pattern)) if folder else []


def fixtures(dialect: str) -> list[Path]:
    return sorted((ROOT / "fixtures" / dialect).glob("*/input.*"))
