"""A run's generator for other programs: as safetensors, as a program of torch.export, or as ONNX."""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gan_lab import __version__
from gan_lab.architectures.base import GeneratorArchitecture
from gan_lab.config.build import build
from gan_lab.config.checks import PositiveInt, conform
from gan_lab.config.errors import UserError
from gan_lab.evaluation.trained import Trained, load_trained
from gan_lab.files.atomic import write_atomically
from gan_lab.files.regular import read_regular, require_regular
from gan_lab.game.sampling import keep_statistics
from gan_lab.numerics.memory import parameters_that_fit

log = logging.getLogger(__name__)

Format = Literal["safetensors", "torch_export", "onnx"]

LATENTS, SAMPLES = "latents", "samples"
"""Names of an ONNX model's input and output."""

_ENDINGS: dict[str, str] = {"safetensors": "safetensors", "torch_export": "pt2", "onnx": "onnx"}
_KEY = "gan_lab"  # of what a file says of itself
_MOST_BYTES = 1 << 34
_OPSET = 18
_EXPORTERS = ("onnx_ir", "onnxscript", "torch.onnx", "torch.export")  # loggers
_EXAMPLES = 2  # what is traced with one latent holds for one alone


def export(run_dir: Path, out: Path, kind: Format, trusted: Iterable[str] = ()) -> Path:
    """Write the generator that samples are taken from, on the CPU, in float32.

    Weights are as the constraint makes them, averaged where the run averages, with standing statistics of
    batch norm: latents (n, Z), n any, to samples (n, *D). The file says what it is (``description_of``).

    Args:
        run_dir: a run's folder.
        out: folder to write into.
        kind: ``safetensors`` for weights alone, which never execute anything; ``torch_export`` for
            ``torch.export.load``; ``onnx`` for other programs.
        trusted: packages besides gan_lab that its config may name classes of.

    Returns:
        ``generator_iteration<n>.<ending>`` below ``out``.

    Raises:
        UserError: if the run has no checkpoint that can be read, a library is not installed, or ``out``
            cannot be written.
    """
    encode = _library(kind)
    trained = load_trained(run_dir, "cpu", trusted)
    network = trained.generator().requires_grad_(False)
    data = encode(network, trained.latent_dim, description_of(trained))
    out.mkdir(parents=True, exist_ok=True)
    require_regular(out, ["generator_*"])
    path = out / f"generator_iteration{trained.iteration}.{_ENDINGS[kind]}"
    write_atomically(path, data)
    log.info(
        "%s: latents (n, %d) to samples (n, %s), %s bytes",
        *(path, trained.latent_dim, ", ".join(map(str, trained.data_shape)), f"{len(data):,}"),
    )
    return path


def description_of(trained: Trained) -> str:
    """Return what an exported file says of itself, under the key ``gan_lab``: JSON."""
    about = {
        "what": "generator of a gan-lab run, as it makes samples",
        "version": __version__,
        "architecture": trained.record.read_config()["architecture"]["generator"],
        "latent_dim": trained.latent_dim,
        "latents": "standard normal",
        "data_shape": trained.data_shape,
        "iteration": trained.iteration,
        "seed": trained.setup.seed,
        "averaged": bool(trained.state.average),
        "config_hash": trained.record.config_hash,
    }
    # one text and not one for each: safetensors writes several in any order
    return json.dumps(about)


def read_generator(path: Path, trusted: Iterable[str] = ()) -> nn.Module:
    """Return the generator of a safetensors file that ``export`` wrote: latents (n, Z) to samples (n, *D).

    Args:
        path: the file; nothing in it is executed.
        trusted: packages besides gan_lab that it may name a class of.

    Raises:
        UserError: if it is no such file, or safetensors is not installed.
    """
    load = _reader()
    try:
        data = read_regular(path, _MOST_BYTES)
        about, tensors = _header_of(data), load(data)
        architecture = build(about["architecture"], GeneratorArchitecture, "architecture", trusted)
        latent_dim = conform("latent_dim", about["latent_dim"], PositiveInt)
        data_shape = conform("data_shape", about["data_shape"], tuple[PositiveInt, ...])
        with parameters_that_fit(torch.device("cpu"), "architecture"):
            network = keep_statistics(architecture.build(latent_dim, data_shape))
        network.load_state_dict(tensors)
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror}.") from error
    except UserError:
        raise
    except (ValueError, LookupError, TypeError, RuntimeError, RecursionError) as error:
        raise UserError(f"{path} is no generator that gan-lab export wrote as safetensors.") from error
    return network.eval().requires_grad_(False)


def _header_of(data: bytes) -> dict[str, Any]:
    """Return what ``description_of`` wrote: the header's length (8 bytes), then the header as JSON."""
    length = int.from_bytes(data[:8], "little")
    about: dict[str, Any] = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_KEY])
    return about


Encode = Callable[[nn.Module, int, str], bytes]


def _reader() -> Callable[[bytes], dict[str, Tensor]]:
    try:
        from safetensors.torch import load
    except ImportError as error:
        raise _missing("a safetensors file", error) from None
    read: Callable[[bytes], dict[str, Tensor]] = load
    return read


def _missing(asked: str, error: ImportError) -> UserError:
    return UserError(f"{asked} needs {error.name}, which is not installed: pip install 'gan-lab[export]'.")


def _library(kind: Format) -> Encode:
    """Return what encodes a format, its library imported: whether it is there is known at once."""
    try:
        if kind == "safetensors":
            from safetensors.torch import save

            return lambda network, _, about: save(
                {name: value.contiguous() for name, value in network.state_dict().items()}, {_KEY: about}
            )
        if kind == "onnx":
            import onnx  # noqa: F401  # torch's exporter needs both, and says so late
            import onnxscript  # noqa: F401

            return _to_onnx
    except ImportError as error:
        raise _missing(f"--format {kind}", error) from None
    return _to_program


def _to_program(network: nn.Module, latent_dim: int, about: str) -> bytes:
    buffer = io.BytesIO()
    with _quietly():
        program = torch.export.export(network, (_examples(latent_dim),), dynamic_shapes=_ANY_NUMBER)
        torch.export.save(program, buffer, extra_files={_KEY: about})
    return buffer.getvalue()


def _to_onnx(network: nn.Module, latent_dim: int, about: str) -> bytes:
    with _quietly():
        program = torch.onnx.export(
            network,
            (_examples(latent_dim),),
            dynamo=True,
            dynamic_shapes=_ANY_NUMBER,
            input_names=[LATENTS],
            output_names=[SAMPLES],
            opset_version=_OPSET,
            verbose=False,
        )
        assert program is not None
        model: Any = program.model_proto
    model.metadata_props.add(key=_KEY, value=about)
    encoded: bytes = model.SerializeToString()
    return encoded


_ANY_NUMBER = ({0: torch.export.Dim.DYNAMIC},)


def _examples(latent_dim: int) -> Tensor:
    return torch.zeros(_EXAMPLES, latent_dim)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep what exporters warn of their own future, print and log of their steps from whoever exports.

    What they raise, and errors that they log, come through.
    """
    exporters = [logging.getLogger(name) for name in _EXPORTERS]
    levels = [logger.level for logger in exporters]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            for logger in exporters:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(exporters, levels, strict=True):
                logger.setLevel(level)
