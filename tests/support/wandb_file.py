"""What a run of Weights & Biases left behind offline, read by its own messages."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BLOCK, _FILE_HEADER, _HEADER = 32768, 7, 7
_FULL, _FIRST, _LAST = 1, 2, 4


def read_wandb(path: Path) -> dict[str, Any]:
    """Return run, config, history (a row a log), summary and exit code of a ``.wandb`` file."""
    from wandb.proto.wandb_internal_pb2 import Record

    found: dict[str, Any] = {"config": {}, "history": [], "summary": {}, "exit": None, "metrics": []}
    for data in _records(path.read_bytes()):
        record = Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found["run"] = record.run
            found["config"] |= _items(record.run.config.update)
        elif kind == "config":
            found["config"] |= _items(record.config.update)
        elif kind == "history":
            found["history"].append(_items(record.history.item))
        elif kind == "summary":
            found["summary"] |= _items(record.summary.update)
        elif kind == "metric":
            found["metrics"].append(
                (record.metric.name or record.metric.glob_name, record.metric.step_metric)
            )
        elif kind == "exit":
            found["exit"] = record.exit.exit_code
    return found


def _items(items: Any) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def _records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a file in LevelDB's log format, whose first block begins with a header."""
    place, parts = _FILE_HEADER, b""
    while place + _HEADER <= len(data):
        if _BLOCK - place % _BLOCK < _HEADER:  # too little for a header: the next block
            place += _BLOCK - place % _BLOCK
            continue
        length, kind = struct.unpack_from("<HB", data, place + 4)
        parts = (b"" if kind in (_FULL, _FIRST) else parts) + data[place + _HEADER :][:length]
        place += _HEADER + length
        if kind in (_FULL, _LAST):
            yield parts
