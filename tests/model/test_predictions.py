"""Predictions: an event like any other, checked where it enters."""

import math

import msgspec
import pytest

from seawall.model.predictions import ModelPrediction

SOUND = {"name": "up", "instrument": "AAPL", "ts_local": 10, "value": 0.5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": math.nan}, "value must be finite, got nan"),
        ({"value": math.inf}, "value must be finite"),
        ({"name": ""}, "must not be empty"),
        ({"instrument": ""}, "must not be empty"),
        ({"confidence": 1.5}, "confidence must lie in"),
        ({"confidence": math.nan}, "confidence must lie in"),
        ({"horizon_ns": -1}, "must not be negative"),
        ({"ts_local": -1}, "must not be negative"),
    ],
)
def test_malformed(change, message):
    """A prediction that cannot be used is refused with the field's name."""
    with pytest.raises(ValueError, match=message):
        ModelPrediction(**{**SOUND, **change})


def test_round_trip():
    """What is written is read back equal, and a surplus key is an error."""
    one = ModelPrediction(**SOUND, confidence=0.9, horizon_ns=5, version="7")
    text = msgspec.json.encode(one)
    assert msgspec.json.decode(text, type=ModelPrediction) == one
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(text[:-1] + b',"surplus":1}', type=ModelPrediction)
