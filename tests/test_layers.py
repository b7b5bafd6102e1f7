"""Imports go down only; what waits for the device is in few places."""

import ast
from itertools import product
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "gan_lab"

# A module or a folder imports from its own layer and from those above it in this table, never from below.
LAYERS = {
    "words and rules": [
        *(
            "types",
            "trees",
            "checks",
            "arguments",
            "options",
            "atomic",
            "provenance",
            "locks",
            "process",
            "signals",
            "progress",
        ),
        *("derivatives", "flat", "flops", "stopwatch", "tags", "scales", "parallelism"),
        *("figure_style", "statistics"),
    ],
    "what can be chosen": [
        *("optimizers", "objectives", "constraints", "architectures", "datasets", "metrics", "build"),
        "distances",
    ],
    "the game": [
        *("iteration", "execution", "graphs", "draws", "feed", "probing"),
        *("sampling", "precision", "settings", "experiment"),
        *("feature_spaces", "quality", "layer_gradients", "evaluator"),
    ],
    "runs": [
        *("records", "runs", "seeds", "checkpoint", "blocks", "event_file", "tracking", "dashboard"),
        *("plane", "pictures", "looks", "member", "choosing", "players", "train"),
        *("group", "launch", "resumption"),
    ],
    "what reads runs and data": [
        "written_samples",
        "evaluation",
        "preparation",
        "run_table",
        "board_view",
        "reports",
        "lectures",
    ],
    "commands": [
        *("terminal", "failures", "hydra_errors", "launchers", "naming", "app", "distances_app"),
        *("composing", "plain_commands", "cli"),
    ],
}
LEVEL = {name: level for level, names in enumerate(LAYERS.values()) for name in names}

# where a tensor may become a number, an array or a picture: each such place waits for the device;
# so does every metric, which is a number, and what the lectures compute, which runs on the CPU
MAY_WAIT = {
    *("blocks.py", "choosing.py", "looks.py", "pictures.py", "plane.py", "written_samples.py"),
    "datasets/resident.py",
}


def part_of(path: Path) -> str:
    """The entry of the table that a file belongs to: its module, or the folder that it is in."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def sources() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def imported(path: Path) -> set[str]:
    """The parts of gan_lab that a file imports, at its top or inside a function."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    parts = {name.split(".")[1] for name in names if name and name.startswith("gan_lab.")}
    return parts & {part_of(each) for each in sources()}


def graph() -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {part_of(path): set() for path in sources()}
    for path in sources():
        edges[part_of(path)] |= imported(path) - {part_of(path)}
    return edges


def test_every_module_is_in_the_table() -> None:
    assert set(graph()) == set(LEVEL)


def test_imports_go_down_only() -> None:
    edges = [(part, other) for part, others in graph().items() for other in others]
    assert len(edges) > 50
    assert [edge for edge in edges if LEVEL[edge[0]] < LEVEL[edge[1]]] == []


def test_no_part_leads_back_to_itself() -> None:
    reached = graph()
    for via, start, end in product(reached, repeat=3):  # Warshall: `via` in the outermost loop
        if via in reached[start] and end in reached[via]:
            reached[start].add(end)
    assert [part for part in reached if part in reached[part]] == []


def test_plug_in_families_do_not_know_each_other() -> None:
    families = {"optimizers", "objectives", "constraints", "architectures", "datasets"}
    assert {part: graph()[part] & families for part in families} == {part: set() for part in families}


def test_the_game_knows_only_what_it_plays_with() -> None:
    assert graph()["iteration"] == {"types", "derivatives", "flat", "optimizers", "objectives", "constraints"}


def calls(path: Path) -> list[tuple[str, int]]:
    """Names of the functions and methods that a file calls, with their lines."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            found.append((name, node.lineno))
    return found


def test_only_one_place_prints() -> None:
    printing = {path.name for path in sources() for name, _ in calls(path) if name == "print"}
    assert printing == {"terminal.py"}


def test_tensors_come_to_the_host_in_few_places() -> None:
    waiting = {
        str(path.relative_to(PACKAGE))
        for path in sources()
        if part_of(path) not in ("metrics", "distances", "lectures")
        for name, _ in calls(path)
        if name in ("item", "cpu", "tolist", "synchronize")
    }
    assert waiting == MAY_WAIT
