"""How the environment is filled, with stand-ins for pip and uv that write down what they are asked for."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "install_requirements.sh"
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
OF_CUDA = ("cuda", "nvidia", "triton")


class Machine:
    """A folder of stand-ins: `python -m pip` and `uv` copy the list that they are to install."""

    def __init__(self, folder: Path, *, has_torch: bool, has_uv: bool) -> None:
        self.folder = folder
        keep = f'for last; do :; done; cat "$last" >{folder}/listed; echo "$0 $*" >>{folder}/asked\n'
        self._tool("python", f'[ "$1" = -c ] && exit {int(not has_torch)}\n{keep}')
        if has_uv:
            self._tool("uv", keep)

    def _tool(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}")
        path.chmod(0o755)

    def install(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        # no other uv than the stand-in
        path = os.pathsep.join([str(self.folder), "/usr/bin", "/bin"])
        env = {"PATH": path, "PYTHON": str(self.folder / "python")}
        return subprocess.run([str(SCRIPT), *arguments], env=env, capture_output=True, text=True, check=False)

    @property
    def listed(self) -> list[str]:
        return (self.folder / "listed").read_text().splitlines()

    @property
    def asked(self) -> str:
        return (self.folder / "asked").read_text()


def of_cuda(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(OF_CUDA)]


def test_without_a_choice_the_lock_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, has_torch=False, has_uv=True)
    assert machine.install().returncode == 0
    assert machine.listed == LOCK
    assert "pip install" in machine.asked


def test_with_uv_torch_is_that_for_the_cpu_and_nothing_of_cuda_is_left(tmp_path: Path) -> None:
    machine = Machine(tmp_path, has_torch=False, has_uv=True)
    done = machine.install("cpu")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(of_cuda(LOCK)) > 10
    assert machine.listed == [line for line in LOCK if not line.startswith(OF_CUDA)]
    assert any(line.startswith("torch==") for line in machine.listed)
    assert "uv pip install" in machine.asked
    assert "--torch-backend=cpu" in machine.asked


@pytest.mark.parametrize("has_uv", [True, False])
def test_a_torch_that_is_there_stays(tmp_path: Path, has_uv: bool) -> None:
    machine = Machine(tmp_path, has_torch=True, has_uv=has_uv)
    assert machine.install("cpu").returncode == 0
    assert [line for line in machine.listed if line.startswith(("torch=", "torchvision=", *OF_CUDA))] == []
    assert any(line.startswith("torchmetrics==") for line in machine.listed)
    assert "python -m pip install" in machine.asked


def test_without_uv_and_torch_it_says_what_comes_first(tmp_path: Path) -> None:
    machine = Machine(tmp_path, has_torch=False, has_uv=False)
    done = machine.install("cpu")
    assert done.returncode == 2
    assert "Get Started" in done.stderr
    assert not (tmp_path / "listed").exists()


def test_another_choice_is_refused(tmp_path: Path) -> None:
    done = Machine(tmp_path, has_torch=False, has_uv=True).install("cuda")
    assert (done.returncode, done.stderr) == (
        2,
        "TORCH=cuda is none of the choices: leave it out, or say TORCH=cpu.\n",
    )


def test_no_file_names_an_index() -> None:
    texts = [
        SCRIPT,
        ROOT / "Makefile",
        ROOT / "Dockerfile",
        ROOT / "requirements.lock",
        ROOT / "pyproject.toml",
    ]
    # neither an option of pip's or uv's that takes one, nor any address
    address = re.compile(r"--[a-z-]*(index|links)|://")
    assert [path.name for path in texts if address.search(path.read_text())] == []
    assert address.search("pip install --extra-index x")
    assert address.search("uv pip install --find-links x")
