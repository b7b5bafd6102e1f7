"""What TensorBoard shows beside curves: an HPARAMS row per run, a layout, a card that says what was run."""

import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams as make_hparams
from torch.utils.tensorboard.summary import text as make_text

from gan_lab.files.atomic import write_atomically
from gan_lab.tags.table import GROUPS, charts_of, is_of_samples
from gan_lab.tracking.event_file import records_of
from gan_lab.tracking.writers.base import Ending, HyperParameters


def layout_of(settings: HyperParameters) -> dict[str, dict[str, list[Any]]]:
    """Return the custom scalars of a run: group to title of a chart to its kind and tags.

    Charts of samples are left out of a run that measures none: they would stay empty.
    """
    is_measured = bool(settings.get("metrics.every", True))
    layout: dict[str, dict[str, list[Any]]] = {}
    for group in GROUPS:
        for title, tags in charts_of(group).items():
            if is_measured or not all(map(is_of_samples, tags)):
                layout.setdefault(group, {})[title] = ["Multiline", tags]
    return layout


def open_dashboard(writer: SummaryWriter, settings: HyperParameters, command: str) -> None:
    """Write what is known before training: hyper-parameters, layout and card."""
    # the experiment summary is left out: TensorBoard would take the columns of the first run for all of them
    _, start, _ = make_hparams(dict(settings), {})
    _add_summary(writer, start)
    writer.add_custom_scalars(layout_of(settings))
    rows = "\n".join(f"| {key} | `{value}` |" for key, value in settings.items())
    # set in by four blanks, which make code of any text
    writer.add_text("run", f"    {command}\n\n| setting | value |\n|---|---|\n{rows}", 0)


def close_dashboard(path: Path, ending: Ending) -> None:
    """Write a run's last distances and qualities as ``final/...``, its verdict, and its HPARAMS row's ending.

    They are an event file of their own, which is there as a whole or not at all: a run that was killed before
    its record said how it ended writes them again, and TensorBoard would show both.

    Args:
        path: the file.
        ending: of the run.

    Raises:
        UserError: if the file cannot be written.
    """
    now = time.time()
    events = [Event(wall_time=now, file_version="brain.Event:2")]
    for tag, (iteration, value) in ending.final.items():
        point = Summary.Value(tag=tag, simple_value=value)
        events.append(Event(wall_time=now, step=iteration, summary=Summary(value=[point])))
    if ending.verdicts:
        # set in by four blanks, which make code of any text
        told = "\n".join(f"    {verdict}" for verdict in ending.verdicts)
        events.append(Event(wall_time=now, step=ending.step, summary=make_text("verdict", told)))
    status = api_pb2.STATUS_SUCCESS if ending.status == "completed" else api_pb2.STATUS_FAILURE
    content = plugin_data_pb2.HParamsPluginData(
        session_end_info=plugin_data_pb2.SessionEndInfo(status=status), version=metadata.PLUGIN_DATA_VERSION
    )
    row = Summary.Value(
        tag=metadata.SESSION_END_INFO_TAG,
        metadata=metadata.create_summary_metadata(content),
        tensor=metadata.NULL_TENSOR,
    )
    events.append(Event(wall_time=now, summary=Summary(value=[row])))
    write_atomically(path, records_of(events))


def _add_summary(writer: SummaryWriter, summary: Summary) -> None:
    assert writer.file_writer is not None
    writer.file_writer.add_summary(summary)
