"""How many jobs share this machine: as many as it has cores, or one where they would share a GPU."""

import os
from pathlib import Path

# what the drivers of NVIDIA, of NVIDIA under WSL 2, and of AMD leave behind; asking torch would take seconds
_DRIVERS = ("/proc/driver/nvidia/version", "/dev/dxg", "/dev/kfd")


def jobs_at_once(device: str) -> int:
    """Return how many jobs may run side by side on this machine.

    Args:
        device: the config's ``device``.

    Returns:
        The cores that this process may use, where jobs run on the CPU; 1 where they would share a GPU.
    """
    if uses_gpu(device):
        return 1
    import joblib  # comes with scikit-learn; respects the limits of containers

    cores: int = joblib.cpu_count()
    return cores


def uses_gpu(device: str) -> bool:
    """Return whether jobs with this ``device`` run on a GPU, as far as one can tell without torch."""
    if device != "auto":
        return device != "cpu"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return not hidden and any(Path(driver).exists() for driver in _DRIVERS)
