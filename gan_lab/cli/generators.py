"""The commands that make something with a run's generator: samples, paths between them, exports."""

import argparse
from collections.abc import Mapping
from typing import Annotated, Literal

from gan_lab.cli.arguments import PATH, POSITIVE, WHOLE, add_device, add_trust, parser_of, reader_of
from gan_lab.cli.places import chosen_place
from gan_lab.cli.terminal import show_log
from gan_lab.config.checks import Rule
from gan_lab.config.errors import UserError
from gan_lab.runs.reading import read_run

_Steps = Annotated[int, Rule("a whole number of at least 2", lambda steps: steps >= 2)]
_USUAL_N = 64


def sample(arguments: list[str]) -> int:
    """Write a grid of samples, every sample by itself, or a GIF of training."""
    parser = parser_of("sample", "Write a grid of samples from the newest checkpoint of a run.")
    parser.add_argument("run_dir", type=PATH, metavar="RUN_DIR")
    parser.add_argument("--n", type=POSITIVE, help=f"number of samples (default {_USUAL_N})")
    parser.add_argument("--seed", type=WHOLE, help="of the latents (default 0)")
    _add_out(parser, "generated")
    parser.add_argument(
        "--format",
        type=reader_of(Literal["png", "npy"]),
        metavar="{png,npy}",
        help="also write every sample: as a PNG each, or one array",
    )
    parser.add_argument(
        "--gif", action="store_true", help="write the pictures that training left as a GIF, and nothing else"
    )
    add_device(parser)
    add_trust(parser)
    given = parser.parse_args(arguments)
    read_run(given.run_dir)  # which refuses what is none
    out = chosen_place(given.out, given.run_dir / "generated")
    show_log()
    if given.gif:
        _refuse_of_new_samples({"--format": given.format, "--n": given.n, "--seed": given.seed})
        from gan_lab.evaluation.progress_gif import write_progress

        write_progress(given.run_dir, out)
        return 0

    # what is left takes torch
    from gan_lab.evaluation.samples import SampleRequest, write_samples

    n, seed = given.n or _USUAL_N, given.seed or 0
    request = SampleRequest(n, seed, given.format, given.device)
    write_samples(given.run_dir, out, request, given.trust)
    return 0


def _refuse_of_new_samples(options: Mapping[str, object]) -> None:
    """Refuse what says which samples to draw beside ``--gif``, which draws none."""
    for option, value in options.items():
        if value is not None:
            raise UserError(
                f"--gif is of pictures that training left, {option} of new samples; give one of them."
            )


def interpolate(arguments: list[str]) -> int:
    """Write samples along paths between latents."""
    parser = parser_of("interpolate", "Write samples along paths through a generator's latent space.")
    parser.add_argument("run_dir", type=PATH, metavar="RUN_DIR")
    parser.add_argument(
        "--paths", type=POSITIVE, default=8, help="rows of the grid; of a GIF, stations (default 8)"
    )
    parser.add_argument(
        "--steps", type=reader_of(_Steps), default=9, help="samples on each path, ends included (default 9)"
    )
    parser.add_argument("--seed", type=WHOLE, default=0, help="of the latents (default 0)")
    parser.add_argument(
        "--path",
        type=reader_of(Literal["slerp", "lerp"]),
        default="slerp",
        metavar="{slerp,lerp}",
        help="great circles, for normal latents (the default), or straight lines",
    )
    parser.add_argument("--gif", action="store_true", help="one closed path, as a GIF")
    _add_out(parser, "generated")
    add_device(parser)
    add_trust(parser)
    given = parser.parse_args(arguments)
    read_run(given.run_dir)
    out = chosen_place(given.out, given.run_dir / "generated")

    # what is left takes torch
    from gan_lab.evaluation.interpolation import PathRequest, write_paths

    show_log()
    request = PathRequest(given.paths, given.steps, given.seed, given.path, given.gif, given.device)
    write_paths(given.run_dir, out, request, given.trust)
    return 0


def export(arguments: list[str]) -> int:
    """Write the generator itself, in a format of other programs."""
    parser = parser_of("export", "Write a run's generator, as it makes samples, for other programs.")
    parser.add_argument("run_dir", type=PATH, metavar="RUN_DIR")
    parser.add_argument(
        "--format",
        type=reader_of(Literal["safetensors", "torch_export", "onnx"]),
        default="safetensors",
        metavar="{safetensors,torch_export,onnx}",
        help="weights alone (the default), a program for torch.export.load, or ONNX",
    )
    _add_out(parser, "exported")
    add_trust(parser)
    given = parser.parse_args(arguments)
    read_run(given.run_dir)
    out = chosen_place(given.out, given.run_dir / "exported")

    # what is left takes torch
    from gan_lab.evaluation.export import export as write

    show_log()
    write(given.run_dir, out, given.format, given.trust)
    return 0


def _add_out(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument("--out", type=PATH, help=f"folder to write into (default RUN_DIR/{default})")
