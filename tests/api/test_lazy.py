"""`import gan_lab` costs nothing, and offers what it says it does."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gan_lab


def test_importing_it_imports_neither_torch_nor_anything_else_that_takes_time() -> None:
    heavy = ["torch", "numpy", "pandas", "hydra", "matplotlib", "gan_lab.api"]
    code = f"import gan_lab, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_name_is_there_with_a_docstring() -> None:
    for name in gan_lab.__all__:
        assert getattr(gan_lab, name).__doc__, name
    assert set(gan_lab.__all__) <= set(dir(gan_lab))
    with pytest.raises(AttributeError, match=r"^module 'gan_lab' has no attribute 'trian'$"):
        gan_lab.trian  # noqa: B018


def test_the_types_of_what_it_offers_are_seen(tmp_path: Path) -> None:
    """A type checker knows what comes out of each; one that saw ``Any`` would let the wrong lines pass."""
    pytest.importorskip("mypy")
    lines = {
        "import gan_lab": None,
        'x: str = gan_lab.distance("w1", [0.0], [1.0])': "float",
        'y: str = gan_lab.load("run").numbers': "DataFrame",
        'z: str = gan_lab.load("run").sample(3)': "Tensor",
        'v: str = gan_lab.evaluate("ring8", [[0.0, 0.0]])': "DataFrame",
        "w: str = gan_lab.train([])": "LoadedRun",
    }
    path = tmp_path / "use.py"
    path.write_text("\n".join(lines) + "\n")
    root, cache = Path(gan_lab.__file__).parents[1], tmp_path / "cache"
    if (root / ".mypy_cache").is_dir():  # a minute less, where the linter has just been through all of it
        shutil.copytree(root / ".mypy_cache", cache)
    command = [sys.executable, "-m", "mypy", "--config-file", str(root / "pyproject.toml")]
    command += ["--cache-dir", str(cache), str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    for number, kind in enumerate(lines.values(), start=1):
        found = [line for line in said.splitlines() if line.startswith(f"{path}:{number}: error: ")]
        assert len(found) == (kind is not None), said
        assert kind is None or f'has type "{kind}' in found[0], said
