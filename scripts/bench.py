"""Time an iteration: the loop that everybody writes against ours, eager, compiled, stacked; with its limits.

    python scripts/bench.py [--quick] [--cases toy,mlp,dcgan32,dcgan64] [--curves] [--device cpu] [--out DIR]

The contestants of a case take turns within one process, so that a slow moment of the machine slows all of
them; a time is the median of the turns with the least and the greatest, a ratio the median of the turns'
ratios. ``--verify`` times nothing: it plays one iteration of both loops from the same parameters and batches,
and compares the results. Cases can be run one after another: what was measured before on the same machine
stays in DIR/bench.json, and the tables and figures show all of it.
"""

import argparse
import os
import shlex
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import torch
from benchmark import cases
from benchmark.cases import Case
from benchmark.curves import draw_curves
from benchmark.machine import look_at
from benchmark.measuring import FULL, QUICK, Effort, measure
from benchmark.results import Report, read_results
from benchmark.table import format_machine, format_report, format_result, format_summary
from benchmark.verify import compare

from gan_lab.numerics.precision import find_device, float32_products

TABLES, QUICK_TABLES, FIGURES = Path("outputs/bench"), Path("outputs/bench_quick"), Path("docs/images")


def main() -> int:
    """Do what the arguments say, and return the exit status."""
    given = read_arguments(sys.argv[1:])
    device = find_device(given.device)
    with ExitStack() as stack:
        if device.type == "cuda":
            stack.enter_context(torch.cuda.device(device))  # graphs are recorded on the current one
        stack.enter_context(float32_products(given.precision))
        return carry_out(given, device)


def carry_out(given: argparse.Namespace, device: torch.device) -> int:
    """Compare or measure, and return the exit status."""
    if given.verify:
        return verify(given.selected, given.device)
    # an empty cache: that a first call is cold must not depend on what was compiled before
    with tempfile.TemporaryDirectory(prefix="gan-lab-bench-") as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        run(given, device)
    return 0


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the arguments; ``selected`` are the cases to be measured, ``effort`` how thoroughly."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the toy only, few turns, no figures")
    parser.add_argument("--cases", help=f"some of {','.join(cases.GROUPS)}, separated by commas")
    parser.add_argument("--curves", action="store_true", help="the figures, and the cases they lack")
    parser.add_argument("--verify", action="store_true", help="compare results instead of times")
    parser.add_argument("--turns", type=int, help="turns of each contestant, at least 1")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ...")
    parser.add_argument("--precision", choices=("fp32", "tf32"), default="fp32", help="of float32 products")
    parser.add_argument("--out", type=Path, help=f"instead of {TABLES} for tables and {FIGURES} for figures")
    given = parser.parse_args(arguments)
    groups = given.cases.split(",") if given.cases else []
    unknown = set(groups) - set(cases.GROUPS)
    if unknown or (given.turns is not None and given.turns < 1):
        parser.error(f"--cases takes {','.join(cases.GROUPS)}; --turns a number of at least 1")
    everything = not (groups or given.curves or given.quick)
    given.curves = given.curves or everything
    given.selected = [case for case in cases.CASES if everything or case.group in groups]
    if given.quick:
        given.selected = list(cases.QUICK_CASES)
    effort = QUICK if given.quick else FULL
    given.effort = Effort(given.turns or effort.turns, effort.turn_s, effort.budget_s, effort.call_s)
    return given


def run(given: argparse.Namespace, device: torch.device) -> None:
    """Measure the selected cases, and write tables and figures."""
    tables, figures = given.out or (QUICK_TABLES if given.quick else TABLES), given.out or FIGURES
    tables.mkdir(parents=True, exist_ok=True)
    machine = look_at(device, given.precision)
    report = Report(machine, read_results(tables / "bench.json", machine))
    command = shlex.join(["python", *sys.argv])
    print(format_machine(machine, [command]), flush=True)
    for case in [*given.selected, *(lacking(given.selected, report) if given.curves else [])]:
        result = measure(case, given.device, machine, given.effort, command)
        print(f"\n{format_result(result, machine)}", flush=True)
        report.results[case.title] = result
        report.write(tables / "bench.json")
        (tables / "bench.md").write_text(format_report(report))
    print(f"\n{format_summary(report.results.values())}\n\n{tables / 'bench.md'}")
    if given.curves:
        figures.mkdir(parents=True, exist_ok=True)
        print(*draw_curves(report.results, figures), sep="\n")


def lacking(selected: list[Case], report: Report) -> list[Case]:
    """Return the cases that the figures show besides those selected and measured before."""
    known = {case.title for case in selected} | set(report.results)
    shown = [case for case in cases.CASES if case.title in cases.SHOWN and case.title not in known]
    return [*cases.CURVE_CASES, *shown]


def verify(selected: list[Case], device: str) -> int:
    """Print how far one iteration of both loops is apart, and return 1 if that is more than rounding."""
    failed = 0
    for case in selected:
        agreement = compare(case.build_setup(device))
        failed |= not agreement.holds
        print(
            f"{case.title}: {'the same' if agreement.holds else 'DIFFERENT'}; root mean square "
            f"difference {agreement.difference:.1e} after moving by {agreement.movement:.1e}, "
            f"largest {agreement.largest:.1e}",
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
