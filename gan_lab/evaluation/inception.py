"""FID, KID and the Inception score with the weights that published values are made with.

They need torch-fidelity (``pip install gan-lab[inception]``) and a file of weights, which is never
downloaded here: the user says where it lies.
"""

import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gan_lab.config.errors import BadValueError, UserError
from gan_lab.metrics.frechet import classifier_score, frechet_feature_distance, kernel_feature_distance

WEIGHTS_URL = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
"""Where torch-fidelity publishes the weights of the TensorFlow network of 2015-12-05, 95 MB."""

_CHUNK_IMAGES = 64


class InceptionOutput(NamedTuple):
    """What Inception says of n images.

    Attributes:
        features: last pooling layer (n, 2048), for FID and KID.
        logits: scores of the 1,008 classes without their bias (n, 1008), for the Inception score, as in
            the code of Salimans et al.
    """

    features: Tensor
    logits: Tensor


Extractor = Callable[[Tensor], InceptionOutput]
"""Images as bytes (n, 3, H, W) uint8 to the output of Inception."""


def load_inception(weights: Path, device: torch.device) -> Extractor:
    """Return Inception v3 with the given weights, on ``device``.

    Images are resized to 299x299 as TensorFlow 1 did it, without antialiasing: that is what published
    values are made with, while torchmetrics itself would use antialiasing unless told otherwise.

    Args:
        weights: the file of ``WEIGHTS_URL``.
        device: where images will be looked at.

    Raises:
        UserError: if torch-fidelity is not installed, or the file is missing or holds something else.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise UserError("Inception needs torch-fidelity; run `pip install gan-lab[inception]`.")
    if not weights.is_file():
        raise UserError(f"weights must be a file of Inception's weights; got {weights}: get {WEIGHTS_URL}.")
    from torchmetrics.image.fid import NoTrainInceptionV3

    try:
        # torch-fidelity unpickles whatever the file holds, so it gets to see only what is plain tensors
        torch.load(weights, map_location="cpu", weights_only=True)
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(weights), antialias=False)
    except (OSError, EOFError, RuntimeError, ValueError, TypeError, pickle.UnpicklingError) as error:
        raise UserError(f"{weights} does not hold Inception's weights; get {WEIGHTS_URL}.") from error
    network = network.to(device)

    def extract(images: Tensor) -> InceptionOutput:
        features = network(images.to(device))
        return InceptionOutput(features, features @ network.fc.weight.T)

    return extract


def to_inception_bytes(images: Tensor) -> Tensor:
    """Map [-1, 1] to whole numbers from 0 to 255, the nearest ones, and repeat a grey channel three times.

    Data are bytes; a generator's floats are rounded as if they had been saved, so that rounding cannot
    tell the two apart.

    Args:
        images: floats (n, C, H, W) with C = 1 or 3; what lies outside of [-1, 1] is clipped.

    Returns:
        (n, 3, H, W) uint8.

    Raises:
        BadValueError: if the images are of another shape or type, or there are none.
    """
    is_image = images.ndim == 4 and images.numel() > 0 and images.shape[1] in (1, 3)
    if not is_image or not images.is_floating_point():
        rule, got = "floats (n, 1 or 3, H, W)", f"{tuple(images.shape)} of {images.dtype}"
        raise BadValueError("images", rule, got)
    pixels = ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return pixels.expand(-1, 3, -1, -1)


def inception_output(images: Tensor, extract: Extractor) -> InceptionOutput:
    """Return what ``extract`` says of images in [-1, 1], 64 at a time.

    Args:
        images: (n, C, H, W) in [-1, 1], C = 1 or 3, of any size.
        extract: :func:`load_inception` of the user's weights.

    Raises:
        BadValueError: as :func:`to_inception_bytes`.
    """
    starts = range(0, max(len(images), 1), _CHUNK_IMAGES)
    with torch.no_grad():
        parts = [extract(to_inception_bytes(images[k : k + _CHUNK_IMAGES])) for k in starts]
    features, logits = (torch.cat(outputs) for outputs in zip(*parts, strict=True))
    return InceptionOutput(features, logits)


def inception_metrics(
    real: InceptionOutput,
    fake: InceptionOutput,
    generator: torch.Generator,
    n_subsets: int = 100,
    subset_size: int = 1000,
) -> dict[str, float]:
    """Return FID, KID and the Inception score of generated images.

    Bias: see the functions of ``frechet.py`` that they are: FID upwards in n and the score downwards, KID
    not. Published values are of 50,000 images; those of another number cannot stand beside them.

    Args:
        real: of more than 2,048 images, which FID needs.
        fake: of more than 2,048 images.
        generator: draws the subsets of KID and the splits of the score.
        n_subsets: of KID.
        subset_size: images in each.

    Returns:
        ``fid``; ``kid`` and ``kid_std`` over the subsets; ``inception_score`` and
        ``inception_score_std`` over 10 splits, of the generated images.

    Raises:
        UserError: if there are too few images.
    """
    fid = frechet_feature_distance(real.features, fake.features)
    kid = kernel_feature_distance(real.features, fake.features, generator, n_subsets, subset_size)
    score = classifier_score(fake.logits.double().softmax(dim=1), generator)
    return {
        "fid": fid,
        "kid": kid.mean,
        "kid_std": kid.std,
        "inception_score": score.mean,
        "inception_score_std": score.std,
    }
