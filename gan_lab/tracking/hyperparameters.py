"""What trackers call the hyper-parameters of a run."""

from gan_lab.config.quoting import shown
from gan_lab.runs.config_hash import TRACKER
from gan_lab.runs.record import RunRecord, leaves_of
from gan_lab.runs.words import choice_of


def hyperparameters_of(record: RunRecord) -> dict[str, bool | float | str]:
    """Return a run's choices and the values of its config, as the scalars that HPARAMS accepts.

    Which trackers there are is none of them. Of a text that is not UTF-8, such as the name of a folder, the
    bytes are spelled out.
    """
    config = {key: value for key, value in record.read_config().items() if key != TRACKER}
    leaves = {key: value for key, value in leaves_of(config).items() if "_target_" not in key}
    scalars = {
        key: value if isinstance(value, bool | int | float) else shown(str(value))
        for key, value in leaves.items()
    }
    return {group: choice_of(record, config, group) for group in record.choices} | scalars
