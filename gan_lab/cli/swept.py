"""What a sweep is over, as Hydra reads it."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gan_lab.config.errors import BadValueError


def require_values(config: DictConfig) -> None:
    """Check that a sweep has a value for each key that it is over; with none, Hydra would run no job.

    Args:
        config: of the sweep, with Hydra's own part.

    Raises:
        BadValueError: naming the first key that is swept over an empty range.
    """
    for override in _overrides(config):
        if override.is_discrete_sweep() and not _has_value(override):
            _, _, typed = str(override.input_line).partition("=")
            raise BadValueError(override.get_key_element(), "swept over at least one value", typed)


def _has_value(override: Override) -> bool:
    try:
        return next(override.sweep_string_iterator(), None) is not None
    except ValueError:  # a range whose step is 0
        return False
    except HydraException:  # which Hydra raises anew, and in its own words
        return True


def parameters_of(config: DictConfig) -> list[str]:
    """Return what the sweeper's config adds to what is typed, such as an experiment's sweep, as overrides.

    Args:
        config: with Hydra's own part.

    Raises:
        OmegaConfBaseException: if an interpolation cannot be resolved.
    """
    found = config.hydra.sweeper.get("params") or OmegaConf.create()
    params: Any = OmegaConf.to_container(found, resolve=True)
    return [f"{key}={value}" for key, value in params.items()]


def parsed(texts: Iterable[str]) -> Iterator[Override]:
    """Yield overrides as Hydra reads them.

    Raises:
        HydraException: if it cannot.
    """
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    for text in texts:
        yield from parser.parse_overrides([text])


def _overrides(config: DictConfig) -> Iterator[Override]:
    """Yield what a sweep is over; what cannot be read or resolved is left to Hydra, which refuses it."""
    parameters: list[str] = []
    with contextlib.suppress(OmegaConfBaseException):
        parameters = parameters_of(config)
    for text in [*parameters, *config.hydra.overrides.task]:
        with contextlib.suppress(HydraException):
            yield from parsed([text])
