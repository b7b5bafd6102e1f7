"""gan-lab: train adversarial generative models and measure what their critics measure."""

__version__ = "0.2.0"
