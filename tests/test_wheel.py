"""The wheel, installed where the checkout cannot be seen: it composes, trains and brings every config."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths of a virtual environment")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; its dependencies are those of the running one."""
    folder = tmp_path_factory.mktemp("environment")
    run = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], **run)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    # .pth files inside of what a .pth file adds are not read: the editable install stays out of sight
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], **run)
    return folder


def test_the_wheel_holds_every_config(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    options = {f"gan_lab/{path.relative_to(CHECKOUT)}" for path in (CHECKOUT / "conf").rglob("*.yaml")}
    modules = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "gan_lab").rglob("*.py")}
    assert len(options) > 40
    beside = {"gan_lab/conf/__init__.py", "gan_lab/py.typed", "gan_lab/reports/page/report.html.j2"}
    assert options | modules | beside <= names
    assert not [name for name in names if name.endswith(".pyc")]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"gan_lab"}


def test_the_installed_command_composes_and_trains(environment: Path, tmp_path: Path) -> None:
    command = environment / "bin" / "gan-lab"

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [command, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=300
        )
        return done.stdout

    where = "import gan_lab, gan_lab.config.options as o; print(gan_lab.__file__, o.config_folder())"
    found = subprocess.check_output([environment / "bin" / "python", "-c", where], cwd=tmp_path, text=True)
    assert all(part.startswith(str(environment)) for part in found.split())
    assert "_target_: gan_lab.datasets.toy.Ring" in run("train", "--cfg", "job", "dataset=ring8")
    assert "wgan_gp" in run("train", "--help")
    run("train", "dataset=ring8", "objective=gan", "train.iterations=2", "device=cpu")
    (record,) = tmp_path.glob("outputs/runs/*/run.json")
    assert '"status": "completed"' in record.read_text()
    assert "completed" in run("runs")
