import os
import subprocess
import sys

import pytest
import torch

from gan_lab.runs import provenance
from gan_lab.runs.provenance import git_state, versions


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """A repository with one committed package."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "package")
    git(tmp_path, "commit", "--quiet", "--message=first")
    return package


def test_versions_are_those_installed():
    found = versions()
    assert set(found) == {"gan_lab", "torch", "torchvision", "hydra", "python", "platform"}
    assert torch.__version__.startswith(found["torch"].split("+")[0])
    assert found["python"] == "{}.{}.{}".format(*sys.version_info[:3])


def test_a_missing_distribution_is_no_error(monkeypatch):
    monkeypatch.setattr(provenance, "_DISTRIBUTIONS", {"torchvision": "no-such-distribution"})
    assert versions()["torchvision"] == "not installed"


def test_the_commit_and_its_changes_are_found(checkout):
    commit = git(checkout, "rev-parse", "HEAD")
    git(checkout, "tag", "--annotate", "v1", "--message=v1")
    assert git_state(checkout) == {"commit": commit, "dirty": False}
    (checkout / "__init__.py").write_text("2\n")
    assert git_state(checkout) == {"commit": commit, "dirty": True}


def test_a_hook_of_another_repository_does_not_confuse(checkout, monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert (
        git_state(checkout)["commit"]
        == subprocess.check_output(
            ["git", "rev-parse", "HEAD"], cwd=checkout, env={"PATH": os.environ["PATH"]}, text=True
        ).strip()
    )


def test_a_package_that_git_does_not_track_has_no_commit(checkout):
    installed = checkout.parent / ".venv"
    installed.mkdir()
    (installed / "__init__.py").touch()
    assert git_state(installed) is None
    assert git_state(checkout / "absent") is None


def test_git_that_is_missing_or_hangs_is_no_error(checkout, monkeypatch):
    commands = checkout.parent / "bin"
    commands.mkdir()
    monkeypatch.setenv("PATH", str(commands))
    assert git_state(checkout) is None
    (commands / "git").write_text("#!/bin/sh\nexec /bin/sleep 5\n")
    (commands / "git").chmod(0o755)
    monkeypatch.setattr(provenance, "_GIT_TIMEOUT_S", 0.05)
    assert git_state(checkout) is None
