"""The house: packages on floors, imports that go down only, and few places that wait for the device."""

import ast
import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "gan_lab"

# A package imports from the floors below its own, never from beside or above it.
FLOORS = [
    {"api", "__main__"},
    {"cli"},
    {"lectures", "training"},
    {"evaluation", "reports"},
    {"tracking"},
    {"diagnosis", "game"},
    {"constraints", "datasets", "distances", "runs"},
    {"architectures", "metrics", "objectives", "optimizers", "files", "plotting"},
    {"numerics"},
    {"config"},
    {"types", "tags"},
]
FLOOR = {name: floor for floor, names in enumerate(reversed(FLOORS)) for name in names}

# where a tensor may become a number, an array or a picture: each such place waits for the device;
# so does every metric, which is a number, and what the lectures compute, which runs on the CPU
MAY_WAIT = {
    "api/arrays.py",
    "datasets/resident.py",
    "evaluation/samples.py",
    "game/cuda_graph.py",  # after a capture that failed: whether the card lives
    "plotting/images.py",
    "plotting/surface.py",
    "tracking/buffer.py",
    "tracking/event_file.py",  # only bytes of numpy's, which are on the host
    "tracking/snapshots.py",
    "training/execution_rule.py",  # after an iteration that failed: likewise
}
COMPUTES_ON_THE_CPU = ("metrics/", "distances/", "lectures/", "evaluation/feature_")


def package_of(path: Path) -> str:
    """The package, or the lone module, that a file of gan_lab belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def imported(path: Path) -> set[str]:
    """The packages of gan_lab that a file imports from, at its top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    packages = {name.split(".")[1] for name in names if name and name.startswith("gan_lab.")}
    return packages & set(FLOOR)


def graph() -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {package_of(path): set() for path in sources()}
    for path in sources():
        edges[package_of(path)] |= imported(path) - {package_of(path)}
    return edges


def test_every_package_has_a_floor() -> None:
    assert set(graph()) == set(FLOOR)


def test_imports_go_down_only() -> None:
    edges = [(package, other) for package, others in graph().items() for other in others]
    assert len(edges) > 50
    assert [(one, other) for one, other in edges if FLOOR[one] <= FLOOR[other]] == []


def test_no_two_packages_import_each_other() -> None:
    edges = {(package, other) for package, others in graph().items() for other in others}
    assert {pair for pair in edges if pair[::-1] in edges} == set()


def test_the_rooms_of_reports_go_one_way() -> None:
    rooms = ["sweep", "claims", "figures", "page", "archive"]
    for k, room in enumerate(rooms):
        text = "".join(path.read_text() for path in (PACKAGE / "reports" / room).glob("*.py"))
        assert [other for other in rooms[k + 1 :] if f"gan_lab.reports.{other}" in text] == []


def test_plug_in_families_do_not_know_each_other() -> None:
    families = {"optimizers", "objectives", "constraints", "architectures", "datasets"}
    assert {package: graph()[package] & families for package in families} == {p: set() for p in families}


def test_the_iteration_knows_only_what_it_plays_with() -> None:
    game = {"constraints", "game", "numerics", "objectives", "optimizers", "tags", "types"}
    assert imported(PACKAGE / "game" / "iteration.py") <= game


def calls(path: Path) -> list[tuple[str, int]]:
    """Names of the functions and methods that a file calls, with their lines."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            found.append((name, node.lineno))
    return found


def test_only_one_place_prints() -> None:
    printing = {str(p.relative_to(PACKAGE)) for p in sources() for name, _ in calls(p) if name == "print"}
    assert printing == {"cli/terminal.py"}


def test_tensors_come_to_the_host_in_few_places() -> None:
    waiting = {
        str(path.relative_to(PACKAGE))
        for path in sources()
        for name, _ in calls(path)
        if name in ("item", "cpu", "tolist", "synchronize")
    }
    waiting = {path for path in waiting if not path.startswith(COMPUTES_ON_THE_CPU)}
    assert waiting == MAY_WAIT


def test_every_draw_is_the_same_on_every_card() -> None:
    """A call of torch's own would draw what depends on how many threads a card has."""
    draws = {
        "randn",
        "rand",
        "randint",
        "randperm",
        "normal",
        "bernoulli",
        "multinomial",
        "randn_like",
        "rand_like",
    }
    found = {
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in draws and ast.unparse(node.value) == "torch"
    }
    # the lectures compute on the CPU; numerics/memory.py only names the functions
    elsewhere = {place for place in found if not place.startswith(("lectures/", "numerics/memory.py"))}
    assert {place.partition(":")[0] for place in elsewhere} == {"numerics/draws.py"}


def test_the_architecture_names_files_that_are_there() -> None:
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`((?:\w+/)+\w+\.(?:py|yaml))`", text))
    roots = (PACKAGE, PACKAGE.parent, PACKAGE / "reports")
    assert len(named) > 40
    assert [name for name in sorted(named) if not any((root / name).is_file() for root in roots)] == []
