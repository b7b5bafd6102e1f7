"""Plant small faults in the core, one at a time, and count those that its tests find: `make mutants`.

A mutant is one changed comparison, operator, number, sign or reduction. Its tests run in a fork of a process
that has imported torch, on a copy of the repository, and stop at the first failure. The sample is the same at
each run.
"""

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

TESTS = {
    "gan_lab/objectives": ["tests/objectives"],
    "gan_lab/constraints": ["tests/constraints"],
    "gan_lab/game/iteration.py": [
        "tests/game/test_iteration.py",
        "tests/game/test_logged_values.py",
        "tests/game/test_conditional.py",
    ],
    "gan_lab/game/measurements.py": ["tests/game/test_logged_values.py", "tests/game/test_resolution.py"],
    "gan_lab/metrics": ["tests/metrics"],
    "gan_lab/numerics/statistics.py": ["tests/numerics/test_statistics.py"],
    "gan_lab/reports/claims": [
        "tests/reports/test_claims.py",
        "tests/reports/test_answer.py",
        "tests/reports/test_tensorboard.py",
        "tests/reports/test_numbers.py",
    ],
}
"""What is mutated, and the tests that must notice."""

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_NAMES = {"min": "max", "max": "min", "mean": "sum", "sum": "mean", "any": "all", "all": "any", "exp": "log"}
_NAMES |= {"minimum": "maximum", "maximum": "minimum", "amin": "amax", "amax": "amin", "softplus": "relu"}
_FEWEST_S, _TIMES = 120.0, 10.0


class Mutant(NamedTuple):
    """A fault in a file."""

    path: Path
    line: int
    before: str
    after: str
    source: str


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a file, the smallest changes that can be made to its syntax tree."""
    tree = ast.parse(path.read_text())
    for place, node in enumerate(ast.walk(tree)):
        for change in range(len(_changes(copy.deepcopy(node)))):
            changed = copy.deepcopy(tree)
            target = [*ast.walk(changed)][place]
            before = ast.unparse(target)
            _changes(target)[change]()
            yield Mutant(path, getattr(node, "lineno", 0), before, ast.unparse(target), ast.unparse(changed))


def _changes(node: ast.AST) -> list[Callable[[], None]]:
    """Return functions that change a node in place, one for each way."""
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in _OPERATORS:
        return [lambda: setattr(node, "op", _OPERATORS[type(node.op)]())]
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OPERATORS:
        return [lambda: setattr(node, "ops", [_OPERATORS[type(node.ops[0])](), *node.ops[1:]])]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [lambda: setattr(node, "op", ast.UAdd())]
    if isinstance(node, ast.If | ast.IfExp):
        return [lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))]
    return _changes_of_leaf(node)


def _changes_of_leaf(node: ast.AST) -> list[Callable[[], None]]:
    """The same of numbers and of names of reductions."""
    if isinstance(node, ast.Constant):
        number = node.value
        if isinstance(number, int | float) and not isinstance(number, bool):
            return [lambda: setattr(node, "value", number + 1)]
    if isinstance(node, ast.Attribute) and node.attr in _NAMES:
        return [lambda: setattr(node, "attr", _NAMES[node.attr])]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        name = node.func
        return [lambda: setattr(name, "id", _NAMES[name.id])]
    return []


def files_of(name: str, root: Path) -> list[Path]:
    """Return the files below a name of the table."""
    path = root / name
    return [path] if path.suffix else sorted(path.glob("[!_]*.py"))


def main() -> None:
    """Sample mutants, run their tests, and print which survived and the rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=150, help="how many mutants, spread evenly over the table")
    parser.add_argument("--only", help="part of a path; mutants of other files are left out")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("gan_lab", "conf", "tests", "scripts", "docs"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, root / name)
        _prepare(root)
        _report(*_try_all(_sample(root, given.n, given.only), root))


def _prepare(root: Path) -> None:
    """Import what is slow, and nothing of gan_lab, which a fork imports as it is by then."""
    os.chdir(root)
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(root), str(root / "tests")]
    os.environ["OMP_NUM_THREADS"] = "1"
    # ruff: noqa: F401
    import matplotlib.pyplot
    import ot
    import pytest
    import sklearn.neighbors
    import torch.utils.tensorboard
    import torchvision


def _sample(root: Path, count: int, only: str | None) -> list[tuple[Mutant, list[str]]]:
    sampled = []
    tables = {name: tests for name, tests in TESTS.items() if only is None or only in name}
    for name, tests in tables.items():
        found = [mutant for path in files_of(name, root) for mutant in mutants_of(path)]
        random.Random(name).shuffle(found)
        sampled += [(mutant, tests) for mutant in found[: -(-count // len(tables))]]
    return sampled


def _try_all(sampled: list[tuple[Mutant, list[str]]], root: Path) -> tuple[int, list[Mutant]]:
    survivors, limits = [], dict[str, float]()
    for number, (mutant, tests) in enumerate(sampled, start=1):
        key = " ".join(tests)
        if key not in limits:
            begin = time.monotonic()
            if _fails(tests, _FEWEST_S * 10):
                sys.exit(f"{key} fails without any mutant.")
            limits[key] = max(_FEWEST_S, _TIMES * (time.monotonic() - begin))
        text = mutant.path.read_text()
        mutant.path.write_text(mutant.source)
        found = _fails(tests, limits[key])
        mutant.path.write_text(text)
        if not found:
            survivors.append(mutant)
        where = f"{mutant.path.relative_to(root)}:{mutant.line}"
        word = "found   " if found else "SURVIVES"
        print(f"{number}/{len(sampled)} {word} {where}  {mutant.before}  ->  {mutant.after}", flush=True)
    return len(sampled), survivors


def _fails(tests: list[str], limit_s: float) -> bool:
    """Return whether tests fail, or do not end."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        import pytest

        os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))
    deadline = time.monotonic() + limit_s
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status != 0
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        time.sleep(0.02)


def _report(tried: int, survivors: list[Mutant]) -> None:
    rate = 1 - len(survivors) / max(tried, 1)
    print(f"{tried} mutants, {tried - len(survivors)} found ({rate:.1%}), {len(survivors)} survive")


if __name__ == "__main__":
    main()
