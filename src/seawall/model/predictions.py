"""Predictions of a model: how any machine-learning model can drive a desk.

Rule 1: a prediction is an event with the time at which the desk could have known it; training
        and inference happen elsewhere.
Rule 2: the newest prediction of a name and an instrument replaces the one before.
"""

import math

import msgspec

__all__ = ["ModelPrediction"]


class ModelPrediction(msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """What a model says about an instrument at `ts_local` (ns UTC).

    name: of the model or of what it predicts; value: finite, its meaning is the model's
    (an expected return, a probability, a score); confidence in [0, 1] or None when the model
    states none; horizon_ns: how far ahead it looks, 0 when it does not say; version: of the
    model, recorded.

    >>> up = ModelPrediction(name="up", instrument="AAPL", ts_local=10, value=0.61, confidence=0.8)
    >>> up.value, up.version
    (0.61, '')
    """

    name: str
    instrument: str
    ts_local: int
    value: float
    confidence: float | None = None
    horizon_ns: int = 0
    version: str = ""

    def __post_init__(self) -> None:
        what = f"prediction {self.name!r} of {self.instrument!r}"
        if not self.name or not self.instrument:
            raise ValueError(f"{what}: name and instrument must not be empty")
        if not math.isfinite(self.value):
            raise ValueError(f"{what}: value must be finite, got {self.value}")
        if self.confidence is not None and not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"{what}: confidence must lie in [0, 1], got {self.confidence}")
        if self.horizon_ns < 0 or self.ts_local < 0:
            raise ValueError(f"{what}: times must not be negative: {self.ts_local}, {self.horizon_ns}")
