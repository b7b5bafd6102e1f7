"""Results as Markdown."""

from collections.abc import Iterable

from benchmark.contestants import TEXTBOOK
from benchmark.limits import Work, least_seconds
from benchmark.machine import Machine
from benchmark.results import Report, Result, Row
from benchmark.timing import Spread

_COLUMNS = (
    "",
    "ms per iteration and seed",
    "times as fast as the textbook",
    "first call, s: cold / warm",
    "GFLOP/s",
    "of the limit",
    "peak memory, MB",
)


def format_report(report: Report) -> str:
    """Return everything: the machine, a summary, then each case."""
    results = list(report.results.values())
    commands = list(dict.fromkeys(result.command for result in results))
    parts = [format_machine(report.machine, commands), format_summary(results)]
    parts += [format_result(result, report.machine) for result in results]
    return "\n\n".join(parts) + "\n"


def format_machine(machine: Machine, commands: Iterable[str]) -> str:
    """Return what the numbers were taken on, and with which commands."""
    bf16 = f"bf16 {machine.bf16_flops / 1e9:,.0f}" if machine.bf16_flops else "no bf16 units"
    return "\n".join(
        [
            f"{machine.device}; {machine.threads} threads; {machine.software}; {machine.precision} products; "
            f"load before {machine.load:.1f}.",
            f"Measured: matrix products, {machine.precision} {machine.flops / 1e9:,.0f} and {bf16} GFLOP/s; "
            f"copying {machine.copied_bytes / 1e9:,.1f} GB/s, read and written.",
            *(f"`{command}`" for command in commands),
        ]
    )


def format_summary(results: Iterable[Result]) -> str:
    """Return one line a case: milliseconds of one seed, and the factor on the textbook loop."""
    lines = [
        "| case | textbook, ms | eager, ms | compiled, ms | graph, ms | eager | compiled | graph "
        "| most seeds, compiled |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        textbook = result.find(TEXTBOOK)
        ours = [result.find(name) for name in ("eager", "compiled", "graph")]
        stacked = [row for row in result.rows if row.mode == "compiled" and row.seeds > 1 and row.seconds]
        most = max(stacked, key=lambda row: row.seeds, default=None)
        cells = [_milliseconds(row) for row in (textbook, *ours)]
        cells += [_factor(row, textbook) for row in (*ours, most)]
        if most is not None:
            cells[-1] += f", {most.seeds} seeds"
        lines.append(f"| {result.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def format_result(result: Result, machine: Machine) -> str:
    """Return one case: its work, a row for each contestant, and what was left out."""
    work, textbook = result.work, result.find(TEXTBOOK)
    measured = [row for row in result.rows if row.seconds]
    lines = [
        f"### {result.title}",
        "",
        f"`{' '.join(result.overrides)}`: {work.flops / 1e9:.3g} GFLOP in matrix products and convolutions "
        f"and at least {work.bytes / 1e6:.3g} MB moved an iteration; limit "
        f"{least_seconds(work, machine, bf16=False) * 1e3:.3g} ms.",
        "",
        f"| {' | '.join(_COLUMNS)} |",
        f"|{'---|' * len(_COLUMNS)}",
        *(f"| {' | '.join(_cells(row, textbook, work, machine))} |" for row in measured),
    ]
    reasons: dict[str, list[str]] = {}
    for row in result.rows:
        if row.left_out:
            reasons.setdefault(row.left_out, []).append(row.name)
    lines += [f"\nLeft out: {'; '.join(names)}: {reason.rstrip('.')}." for reason, names in reasons.items()]
    return "\n".join(lines)


def format_spread(value: Spread, scale: float = 1.0) -> str:
    """Return ``median (low to high)`` with three significant digits."""
    median, low, high = (_digits(number * scale) for number in value)
    return f"{median} ({low} to {high})"


def _cells(row: Row, textbook: Row | None, work: Work, machine: Machine) -> list[str]:
    median_s = row.per_seed().median
    compiled = row.cold_s is not None and row.warm_s is not None
    return [
        row.name,
        format_spread(row.per_seed(), 1e3),
        _factor(row, textbook) if row.name != TEXTBOOK else "1",
        f"{row.cold_s:.0f} / {row.warm_s:.0f}" if compiled else "",
        _digits(work.flops / median_s / 1e9),
        f"{least_seconds(work, machine, bf16=row.bf16) / median_s:.0%}",
        f"{row.peak_bytes / 1e6:,.0f}" if row.peak_bytes is not None else "not known",
    ]


def _milliseconds(row: Row | None) -> str:
    return "" if row is None else _digits(row.per_seed().median * 1e3)


def _factor(row: Row | None, textbook: Row | None) -> str:
    return "" if row is None or textbook is None else format_spread(row.times_as_fast_as(textbook))


def _digits(number: float) -> str:
    """Return three significant digits, never in scientific notation."""
    return f"{number:,.0f}" if number >= 99.95 else f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"
