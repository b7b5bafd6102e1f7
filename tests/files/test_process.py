"""What tells processes apart."""

import subprocess

from gan_lab.files import process
from gan_lab.files.process import is_alive, this_process


def test_a_process_knows_itself_and_the_dead():
    assert is_alive(this_process())
    with subprocess.Popen(["sleep", "60"]) as child:
        described = this_process() | {"pid": child.pid, "started": process._started(child.pid)}
        assert described["started"].isdecimal()
        assert is_alive(described)
        assert not is_alive(described | {"started": "1"})
        child.kill()
    assert not is_alive(described)
    assert not is_alive(this_process() | {"pid": 0})
    assert not is_alive({"host": this_process()["host"]})
