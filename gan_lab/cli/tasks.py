"""A launcher's job of several tasks: the processes that train one run, as those of torchrun are."""

import os
from typing import Any

_IN_A_JOB = "SUBMITIT_EXECUTOR"  # set by submitit for the process that runs a job


def join_tasks(launcher: Any) -> None:
    """Tell this process which of its job's tasks it is, by the variables that torchrun would set.

    Args:
        launcher: Hydra's config of it; only submitit's start several tasks for a job.
    """
    if _IN_A_JOB not in os.environ or "submitit" not in str(launcher.get("_target_")):
        return
    from submitit import JobEnvironment
    from submitit.helpers import TorchDistributedEnvironment

    if JobEnvironment().num_tasks > 1:
        # every card stays visible: which one is its own, a process knows by its number
        TorchDistributedEnvironment().export(set_cuda_visible_devices=False, overwrite=True)
