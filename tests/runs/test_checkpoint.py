import errno
import hashlib
import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.numerics.trees import tensors_of
from gan_lab.runs.checkpoint import FOLDER, load_newest, prune, save
from gan_lab.runs.checkpoint_format import Checkpoint
from gan_lab.runs.record import RunRecord
from gan_lab.types import State
from support.states import bare_state

# a child saves as fast as it can and reports each saving; it is killed in the middle of one
KILLED_WHILE_SAVING = """
import logging, os, pathlib, random, signal, sys, time
import torch
from gan_lab.runs.checkpoint import (load_newest, save)
from gan_lab.runs.checkpoint_format import Checkpoint
from gan_lab.types import State

torch.set_num_threads(1)
logging.basicConfig(stream=sys.stdout)
run, random = pathlib.Path(sys.argv[1]), random.Random(0)

def checkpoint(iteration):
    weights = {"w": torch.full((50_000,), float(iteration))}
    state = State(weights, {}, {}, {}, {}, {}, {}, torch.tensor(iteration))
    return Checkpoint(iteration, state, {}, "cpu", "")

iteration = 0
for _ in range(12):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        while True:
            iteration += 1
            save(run, checkpoint(iteration))
            os.write(writer, iteration.to_bytes(4, "big"))
    os.close(writer)
    saved = os.read(reader, 4)
    time.sleep(random.uniform(0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reader, 4):
        saved = more
    os.close(reader)
    found = load_newest(run)
    iteration = found.iteration
    assert iteration >= int.from_bytes(saved, "big"), (iteration, saved)
    assert torch.equal(found.state.generator["w"], checkpoint(iteration).state.generator["w"])
save(run, checkpoint(iteration + 1))
names = sorted(os.listdir(run / "checkpoints"))
assert len(names) == 2 and all(name.endswith(".pt") for name in names), names
"""


class Code:
    """Runs a command where a pickle is opened carelessly."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def a_state(fill=1.0):
    return State(
        generator={
            "main.0.weight": torch.full((3, 2), fill),
            "transposed": torch.arange(6.0).view(2, 3).T,
            "row": torch.randn(1000, 4, generator=torch.Generator().manual_seed(0))[1],
            "a/b": torch.tensor([-0.0, float("nan"), float("inf"), 5e-324], dtype=torch.float64),
        },
        critic={"half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16), "nothing": torch.empty(0, 3)},
        generator_optimizer={"count": torch.tensor(7.0), "square_average": torch.ones(4).expand(2, 4)},
        critic_optimizer={"count": torch.tensor(2**53 + 1)},
        constraint={},
        generator_constraint={"u": torch.ones(2)},
        average={},
        iteration=torch.tensor(10),
    )


def a_checkpoint(iteration=10, fill=1.0, state=None):
    return Checkpoint(
        iteration=iteration,
        state=state or a_state(fill),
        counters={"metrics.csv": 2**40},
        device="cpu",
        fingerprint="0123456789ab",
    )


def plant(run, iteration, data):
    """Write bytes under a name whose checksum is right."""
    (run / FOLDER).mkdir(exist_ok=True)
    path = run / FOLDER / f"{iteration:09d}-{hashlib.sha256(data).hexdigest()[:16]}.pt"
    path.write_bytes(data)
    return path


def saved_bytes(content):
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def bits(tensor):
    return tensor.contiguous().view(-1).view(torch.uint8) if tensor.numel() else tensor


def iterations(run):
    return sorted(int(path.name[:9]) for path in (run / FOLDER).iterdir())


def test_everything_comes_back_to_the_bit(tmp_path):
    before = a_checkpoint()
    save(tmp_path, before)
    after = load_newest(tmp_path, like=before.state)
    for name in ("iteration", "counters", "device", "fingerprint"):
        assert getattr(after, name) == getattr(before, name)
    for ours, theirs in zip(before.state, after.state, strict=True):
        assert isinstance(ours, torch.Tensor) or list(ours) == list(theirs)
    for a, b in zip(tensors_of(before.state), tensors_of(after.state), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert torch.equal(bits(a), bits(b))


def test_memory_formats_come_back(tmp_path):
    weight = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    save(tmp_path, a_checkpoint(state=bare_state({"w": weight})))
    assert load_newest(tmp_path).state.generator["w"].stride() == weight.stride()


def test_a_view_does_not_drag_its_whole_tensor_along(tmp_path):
    state = bare_state({"w": torch.zeros(1_000_000)[:2]})
    assert save(tmp_path, a_checkpoint(state=state)).stat().st_size < 10_000


def test_saving_copies(tmp_path):
    parameter = torch.nn.Parameter(torch.ones(3))
    save(tmp_path, a_checkpoint(state=bare_state({"w": parameter})))
    found = load_newest(tmp_path).state.generator["w"]
    assert type(found) is torch.Tensor
    assert not found.requires_grad


def test_any_torch_opens_the_file_safely(tmp_path):
    path = save(tmp_path, a_checkpoint())
    content = torch.load(path, weights_only=True, map_location="cpu")
    assert content["iteration"] == 10
    assert torch.equal(content["state"]["generator/main.0.weight"], torch.ones(3, 2))
    assert "generator_optimizer/square_average" in content["state"]
    assert path.name == f"000000010-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}.pt"
    assert path.parent == RunRecord(tmp_path, "running").checkpoints_path


def test_the_newest_two_are_kept(tmp_path):
    for iteration in (5, 10, 1_000_000_000, 1_000_000_001):
        save(tmp_path, a_checkpoint(iteration))
    assert load_newest(tmp_path).iteration == 1_000_000_001
    assert len(list((tmp_path / FOLDER).iterdir())) == 2


def test_of_two_at_the_same_iteration_the_later_one_counts(tmp_path):
    for age, fill in ((2, 1.0), (1, 2.0), (0, 0.5)):
        path = save(tmp_path, a_checkpoint(10, fill))
        os.utime(path, ns=(10**18 - age * 10**9,) * 2)
    assert load_newest(tmp_path).state.generator["main.0.weight"][0, 0] == 0.5
    assert iterations(tmp_path) == [10, 10]


def test_other_files_are_left_alone(tmp_path):
    (tmp_path / FOLDER).mkdir()
    for name in ("notes.txt", "best.pt", ".000000003-00.pt.1234.partial"):
        (tmp_path / FOLDER / name).touch()
    for iteration in range(4):
        save(tmp_path, a_checkpoint(iteration))
    names = [path.name for path in (tmp_path / FOLDER).iterdir()]
    assert len(names) == 4
    assert {"notes.txt", "best.pt"} < set(names)


@pytest.mark.parametrize("function", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_older_checkpoints(tmp_path, monkeypatch, function):
    save(tmp_path, a_checkpoint(1))
    save(tmp_path, a_checkpoint(2))

    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        with pytest.raises(UserError, match="No space left on device"):
            save(tmp_path, a_checkpoint(3))
    assert iterations(tmp_path) == [1, 2]
    assert load_newest(tmp_path).iteration == 2


def test_older_files_go_only_after_the_new_one_is_on_the_disk(tmp_path, monkeypatch):
    save(tmp_path, a_checkpoint(1))
    save(tmp_path, a_checkpoint(2))
    calls = []

    def spy(name):
        original = getattr(os, name)

        def call(*arguments, **settings):
            original(*arguments, **settings)
            calls.append(name)

        monkeypatch.setattr(os, name, call)

    for name in ("fsync", "replace", "unlink"):
        spy(name)
    save(tmp_path, a_checkpoint(3))
    monkeypatch.undo()
    # folder of the run, file, renaming, folder of the checkpoints; then the oldest file goes
    assert calls == ["fsync", "fsync", "replace", "fsync", "unlink"]
    assert iterations(tmp_path) == [2, 3]


def test_a_file_in_place_of_the_folder_is_reported(tmp_path):
    (tmp_path / FOLDER).touch()
    with pytest.raises(UserError, match=r"could not be made: File exists; choose another hydra\.run\.dir"):
        save(tmp_path, a_checkpoint())
    with pytest.raises(UserError, match="holds no checkpoint"):
        load_newest(tmp_path)


def cut(data):
    return data[:-100]


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def empty(data):
    del data
    return b""


@pytest.mark.parametrize("damage", [cut, flip, empty])
def test_a_damaged_file_is_passed_over_with_a_warning(tmp_path, caplog, damage):
    save(tmp_path, a_checkpoint(1))
    path = save(tmp_path, a_checkpoint(2))
    path.write_bytes(damage(path.read_bytes()))
    assert load_newest(tmp_path).iteration == 1
    (record,) = caplog.records
    assert record.name == "gan_lab.runs.checkpoint"
    assert f"{path.name} is damaged or cut short" in record.message


def test_a_good_checkpoint_is_loaded_in_silence(tmp_path, caplog):
    save(tmp_path, a_checkpoint())
    load_newest(tmp_path)
    assert not caplog.records


def test_code_is_never_executed(tmp_path, caplog):
    save(tmp_path, a_checkpoint(1))
    evil = Code(f"touch {tmp_path / 'executed'}")
    content = {"format": 2, "iteration": 2, "state": evil}
    path = plant(tmp_path, 2, saved_bytes(content))
    assert load_newest(tmp_path).iteration == 1
    assert f"{path.name} holds more than tensors" in caplog.text
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    "content",
    [
        [],
        "text",
        torch.ones(2),
        {"format": 4},
        {"format": 3, "iteration": 2, "state": {}, "counters": {}, "device": "cpu", "fingerprint": ""},
        {"format": 3, "iteration": 2, "state": {"iteration": torch.tensor(2), "nowhere": torch.ones(2)}}
        | {"counters": {}, "device": "cpu", "fingerprint": ""},
        {"format": 2, "iteration": 2},
        {"format": 2, "iteration": 2, "state": {"generator/w": 3}},
        {"format": 2, "iteration": 2, "state": {"nowhere/w": torch.ones(2)}},
        {"format": 2, "iteration": 2, "state": {"nowhere": torch.ones(2)}},
        {"format": 2, "iteration": -2, "state": {}, "counters": {}, "device": "cpu", "fingerprint": ""},
        # format 1 held the states of random generators
        {"format": 1, "iteration": 2, "state": {}, "rng_states": {}, "counters": {}}
        | {"device": "cpu", "fingerprint": ""},
    ],
    ids=repr,
)
def test_other_content_is_passed_over(tmp_path, caplog, content):
    save(tmp_path, a_checkpoint(1))
    path = plant(tmp_path, 2, saved_bytes(content))
    assert load_newest(tmp_path).iteration == 1
    assert f"{path.name} is not a checkpoint of this version of gan-lab" in caplog.text


def test_a_pickle_that_ends_in_the_middle_is_passed_over(tmp_path, caplog):
    save(tmp_path, a_checkpoint(1))
    data = pickle.dumps({"format": 2, "iteration": 1000}, protocol=2)
    for length in range(3, len(data)):
        path = plant(tmp_path, 2, data[:length])
        assert load_newest(tmp_path).iteration == 1
        path.unlink()
    assert len(caplog.records) == len(data) - 3


def test_training_on_after_a_fall_back_drops_what_was_refused(tmp_path):
    save(tmp_path, a_checkpoint(1))
    refused = save(tmp_path, a_checkpoint(4))
    refused.write_bytes(b"")
    save(tmp_path, a_checkpoint(2))
    assert iterations(tmp_path) == [1, 2]


def test_without_any_readable_file_every_reason_is_given(tmp_path):
    damaged = save(tmp_path, a_checkpoint(1))
    damaged.write_bytes(b"x")
    evil = plant(tmp_path, 2, saved_bytes(Code("true")))
    with pytest.raises(UserError) as caught:
        load_newest(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / FOLDER} holds no checkpoint that can be read: ")
    assert message.index(f"{evil.name} holds more") < message.index(f"{damaged.name} is damaged")
    assert "\n" not in message


@pytest.mark.parametrize("folder", ["empty", "absent"])
def test_no_checkpoint_is_reported(tmp_path, folder):
    if folder == "empty":
        (tmp_path / FOLDER).mkdir()
    with pytest.raises(UserError, match="holds no checkpoint;"):
        load_newest(tmp_path)


@pytest.mark.parametrize(
    ("critic", "fault"),
    [
        ({"w": torch.zeros(2, 3)}, "critic/w is float32 (2, 3) instead of float32 (3, 2)"),
        ({"w": torch.zeros(3, 2).double()}, "critic/w is float64 (3, 2) instead of float32 (3, 2)"),
        ({}, "it lacks critic/w"),
        ({"w": torch.zeros(3, 2), "v": torch.zeros(1)}, "critic/v is not expected"),
    ],
)
def test_another_architecture_is_refused(tmp_path, critic, fault):
    like = bare_state(critic={"w": torch.zeros(3, 2, device="meta")})
    save(tmp_path, a_checkpoint(state=bare_state(critic=critic)))
    with pytest.raises(UserError) as caught:
        load_newest(tmp_path, like=like)
    assert f"belongs to another architecture: {fault}; " in str(caught.value)


def test_fields_are_checked():
    with pytest.raises(BadValueError, match="iteration must be a whole number, 0 or greater"):
        a_checkpoint(iteration=-1)


def test_a_kill_at_any_moment_leaves_the_newest_checkpoint(tmp_path):
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_SAVING, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=root,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.gpu
def test_states_on_a_gpu_are_saved_from_and_compared_there(tmp_path):
    state = bare_state({"w": torch.arange(6.0, device="cuda").view(2, 3)})
    save(tmp_path, a_checkpoint(state=state))
    found = load_newest(tmp_path, like=state).state.generator["w"]
    assert found.device.type == "cpu"
    assert torch.equal(found, state.generator["w"].cpu())


def good_content(**other):
    state = {"generator/w": torch.ones(2, 3), "iteration": torch.tensor(2)}
    content = {"format": 3, "iteration": 2, "state": state, "counters": {"metrics_bytes": 5}}
    return content | {"device": "cpu", "fingerprint": ""} | other


@pytest.mark.parametrize(
    "content",
    [
        good_content(counters={"metrics_bytes": -1}),
        good_content(counters=[]),
        good_content(state={"generator/w": torch.ones(2, 3, device="meta"), "iteration": torch.tensor(2)}),
        good_content(state={"generator/w": torch.ones(2, 3).to_sparse(), "iteration": torch.tensor(2)}),
        good_content(state={"generator/w": torch.ones(2, 3), "iteration": torch.tensor(2, device="meta")}),
        good_content(state={"generator/w": torch.nn.Parameter(torch.ones(2)), "iteration": torch.tensor(2)}),
        good_content(state={"generator/w": torch.ones(2)}),
    ],
    ids=range(7),
)
def test_tensors_and_counters_that_gan_lab_never_saves_are_passed_over(tmp_path, caplog, content):
    like = bare_state({"w": torch.ones(2, 3)})
    plant(tmp_path, 1, saved_bytes(good_content(iteration=1, state=good_state(1))))
    assert load_newest(tmp_path, like=like).iteration == 1
    path = plant(tmp_path, 2, saved_bytes(content))
    assert load_newest(tmp_path, like=like).iteration == 1
    assert f"{path.name} is not a checkpoint of this version of gan-lab" in caplog.text


def good_state(iteration):
    return {"generator/w": torch.ones(2, 3), "iteration": torch.tensor(iteration)}


def test_an_archive_is_not_unpacked_before_its_sizes_are_known(tmp_path, caplog, monkeypatch):
    plant(tmp_path, 1, saved_bytes(good_content(iteration=1, state=good_state(1))))
    stored = io.BytesIO(saved_bytes(good_content(state={"generator/w": torch.zeros(10**6), **good_state(2)})))
    deflated = io.BytesIO()
    with zipfile.ZipFile(stored) as source, zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
    path = plant(tmp_path, 2, deflated.getvalue())
    assert path.stat().st_size < 100_000
    loaded = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda file, **more: loaded.append(file) or load(file, **more))
    assert load_newest(tmp_path).iteration == 1
    assert len(loaded) == 1  # the older one
    assert f"{path.name} is not a checkpoint of this version of gan-lab" in caplog.text


@pytest.mark.parametrize("form", ["pickle", "legacy", "pickle before an archive"])
def test_what_is_no_archive_is_not_opened(tmp_path, caplog, monkeypatch, form):
    """Such a file says how large its tensors are, and torch asks for the memory."""
    plant(tmp_path, 1, saved_bytes(good_content(iteration=1, state=good_state(1))))
    buffer = io.BytesIO()
    torch.save(good_content(state=good_state(2)), buffer, _use_new_zipfile_serialization=False)
    data = pickle.dumps({"iteration": 2}, protocol=2) if form == "pickle" else buffer.getvalue()
    if form == "pickle before an archive":
        data += saved_bytes(good_content(state=good_state(2)))
        assert zipfile.is_zipfile(io.BytesIO(data))
    path = plant(tmp_path, 2, data)
    loaded, load = [], torch.load
    monkeypatch.setattr(torch, "load", lambda file, **more: loaded.append(file) or load(file, **more))
    assert load_newest(tmp_path).iteration == 1
    assert len(loaded) == 1  # the older one
    assert f"{path.name} is no archive, as gan-lab writes them, and was not opened" in caplog.text


def test_a_link_or_a_pipe_for_a_checkpoint_is_passed_over(tmp_path, caplog):
    path = plant(tmp_path, 1, saved_bytes(good_content(iteration=1, state=good_state(1))))
    data = saved_bytes(good_content(state=good_state(2)))
    newer = plant(tmp_path, 2, data)
    newer.rename(tmp_path / "outside")
    newer.symlink_to(tmp_path / "outside")
    os.mkfifo(tmp_path / FOLDER / path.name.replace("000000001", "000000003"))
    assert load_newest(tmp_path).iteration == 1
    assert f"{newer.name} is a link" in caplog.text


def test_what_a_killed_save_left_is_removed_beside_the_checkpoint_that_stays(tmp_path: Path) -> None:
    for iteration in (2, 4, 6):
        save(tmp_path, a_checkpoint(iteration))
    kept = {path.name: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()}
    (tmp_path / "other").mkdir()
    older = save(tmp_path / "other", a_checkpoint(2))
    shutil.copy(older, tmp_path / FOLDER / older.name)
    prune(tmp_path, 5)  # there is none of that iteration
    assert len(list((tmp_path / FOLDER).iterdir())) == 3
    prune(tmp_path, 6)
    assert {path.name: path.read_bytes() for path in (tmp_path / FOLDER).iterdir()} == kept
