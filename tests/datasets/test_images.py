import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_sample_images

from gan_lab.config.errors import BadValueError
from gan_lab.datasets import resident
from gan_lab.datasets.base import Dataset
from gan_lab.datasets.embedded import Digits, Photos, StackedDigits, digit_bytes
from gan_lab.datasets.resident import ImageSampler, to_unit_range

CPU = torch.device("cpu")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dataset", [Digits(), Digits(32), StackedDigits(), Photos(), Photos(32, 16)])
def test_draws_are_images_in_range_and_follow_the_seed(dataset: Dataset) -> None:
    sampler = dataset.open(CPU)
    first = sampler(300, seeded())
    assert first.shape == (300, *dataset.data_shape)
    assert first.dtype == torch.float32
    assert first.min() == -1
    assert first.max() == 1
    assert torch.equal(first, sampler(300, seeded()))
    assert not torch.equal(first, sampler(300, seeded(1)))


def test_digits_at_their_own_size_are_the_pixels_of_scikit_learn() -> None:
    drawn = Digits(8).open(CPU)(400, seeded())
    rows = torch.randint(1797, (400,), generator=seeded())
    pixels = load_digits().images[rows] / 8 - 1  # 0..16 to [-1, 1]
    np.testing.assert_allclose(drawn[:, 0], pixels, rtol=0, atol=1.001 / 255)  # half a byte of rounding


def test_resized_digits_keep_their_place_and_brightness() -> None:
    small, large = digit_bytes(8).double(), digit_bytes(16).double()
    back = torch.nn.functional.avg_pool2d(large, 2)
    # bilinear doubling blurs a little, but a flip, a transpose or a wrong scale would not correlate
    assert torch.corrcoef(torch.stack([small.flatten(), back.flatten()]))[0, 1] > 0.97
    assert large.mean() == pytest.approx(small.mean().item(), abs=1.5)


def test_stacked_digits_are_digits_chosen_independently_for_each_channel() -> None:
    stacks = StackedDigits(8).open(CPU)(20_000, seeded())
    known = to_unit_range(digit_bytes(8)).flatten(1)
    place = {image.numpy().tobytes(): index for index, image in enumerate(known)}
    rows = np.array([place[channel.numpy().tobytes()] for stack in stacks for channel in stack]).reshape(
        -1, 3
    )
    labels = load_digits().target[rows]
    assert len(np.unique(labels @ [100, 10, 1])) == 1000
    np.testing.assert_allclose(np.corrcoef(labels.T), np.eye(3), rtol=0, atol=0.03)


def test_photos_are_all_the_patches_of_the_grid() -> None:
    photos = load_sample_images().images
    expected = {
        photo[top : top + 200, left : left + 200].transpose(2, 0, 1).tobytes()
        for photo in photos
        for top in range(0, 427 - 200 + 1, 100)
        for left in range(0, 640 - 200 + 1, 100)
    }
    dataset = Photos(200, 100)
    drawn = dataset.open(CPU)(600, seeded())
    found = {((image + 1) * 127.5).round().to(torch.uint8).numpy().tobytes() for image in drawn}
    assert found == expected
    assert dataset.n_patches == len(expected) == 30


def test_photos_count_their_patches_and_refuse_a_size_above_the_photographs() -> None:
    assert Photos().n_patches == 6716
    assert Photos(427, 1000).n_patches == 2
    with pytest.raises(BadValueError, match=r"^size must be at most 427, .*; got 428\.$"):
        Photos(428)


def test_bytes_cover_the_unit_range() -> None:
    every = to_unit_range(torch.arange(256, dtype=torch.uint8))
    assert (every[0], every[255]) == (-1, 1)
    np.testing.assert_allclose(every, np.arange(256) / 127.5 - 1, rtol=0, atol=1e-7)


def test_streaming_draws_the_same_as_resident() -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 4, 4), dtype=np.uint8)
    samplers = [ImageSampler(images, CPU, choice) for choice in ("always", "never", "auto")]
    assert [sampler.resident for sampler in samplers] == [True, False, True]
    generators = [seeded(3) for _ in samplers]
    for n in (1, 7, 200):
        kept, streamed, automatic = (s(n, g) for s, g in zip(samplers, generators, strict=True))
        assert torch.equal(kept, streamed)
        assert torch.equal(kept, automatic)
        assert kept.shape == (n, 3, 4, 4)


def test_draws_cover_all_images_evenly() -> None:
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    drawn = ImageSampler(images, CPU, "never")(50_000, seeded())
    values = ((drawn.flatten() + 1) * 127.5).round().int()
    np.testing.assert_allclose(values.bincount() / 50_000, 0.1, rtol=0, atol=0.006)


def test_auto_streams_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.zeros((100, 1, 10, 10), dtype=np.uint8)
    monkeypatch.setattr(resident, "available_bytes", lambda device: 40_000)
    assert ImageSampler(images, CPU, "auto").resident
    monkeypatch.setattr(resident, "available_bytes", lambda device: 39_999)
    assert not ImageSampler(images, CPU, "auto").resident
    assert ImageSampler(images, CPU, "always").resident


def test_large_sets_are_copied_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resident, "_COPY_BYTES", 100)
    images = np.random.default_rng(0).integers(0, 256, (103, 1, 3, 3), dtype=np.uint8)
    assert np.array_equal(resident.copy_to_device(images, CPU), images)


@pytest.mark.gpu
def test_on_cuda_streaming_draws_the_same_as_resident() -> None:
    cuda = torch.device("cuda")
    images = np.random.default_rng(0).integers(0, 256, (50, 3, 4, 4), dtype=np.uint8)
    kept, streamed = (ImageSampler(images, cuda, choice) for choice in ("always", "never"))
    generators = [torch.Generator(cuda).manual_seed(0) for _ in range(2)]
    for _ in range(20):
        first, second = kept(64, generators[0]), streamed(64, generators[1])
        assert first.device.type == "cuda"
        assert torch.equal(first, second)
