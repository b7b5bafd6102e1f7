"""What an allocator says of too little memory is one sentence that says what to lower."""

import pytest

from gan_lab.config.errors import lack_of_memory


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes", True),
        ("Storage size calculation overflowed with sizes=[4000000000000000004]", True),
        ("mat1 and mat2 shapes cannot be multiplied", False),
    ],
)
def test_only_a_lack_of_memory_is_refused_as_such(text: str, is_refused: bool) -> None:
    refusal = lack_of_memory(RuntimeError(text), "lower train.n_critic")
    assert (refusal is not None) == is_refused
    assert refusal is None or str(refusal).startswith("There is not enough memory; lower train.n_critic (")
