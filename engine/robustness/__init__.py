"""How a plan stands up to luck: durations and breakdowns drawn at random and pushed through it, many times."""

from engine.robustness.distributions import (
    Breakdowns,
    Distribution,
    Distributions,
    Fixed,
    Lognormal,
    Noise,
    Triangular,
    Uniform,
    parse_distributions,
)
from engine.robustness.learning import Learnt, Sample, learn, samples_of
from engine.robustness.report import (
    BrokenLimit,
    HandOff,
    ItemRisk,
    NoiseSource,
    ResourceBuffer,
    RobustnessReport,
    Spread,
)
from engine.robustness.simulation import Cancelled, replay

__all__ = [
    "Breakdowns",
    "BrokenLimit",
    "Cancelled",
    "Distribution",
    "Distributions",
    "Fixed",
    "HandOff",
    "ItemRisk",
    "Learnt",
    "Lognormal",
    "Noise",
    "NoiseSource",
    "ResourceBuffer",
    "RobustnessReport",
    "Sample",
    "Spread",
    "Triangular",
    "Uniform",
    "learn",
    "parse_distributions",
    "replay",
    "samples_of",
]
