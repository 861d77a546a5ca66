"""Risk: limits, the rules, the gate that every order passes, and the breakers behind it.

The engine uses `gate` and `inputs`; what stands here is the gate to put in front of a broker
of your own.
"""

from seawall.risk.limits import InstrumentRiskSettings, RiskSettings
from seawall.risk.rule import Status
from seawall.risk.standalone import (
    AccountView,
    Approved,
    FeeBound,
    Gate,
    GateView,
    InstrumentView,
    OrderRequest,
    Refused,
    WorkingOrder,
)
from seawall.risk.verdicts import Verdict

__all__ = [
    "AccountView",
    "Approved",
    "FeeBound",
    "Gate",
    "GateView",
    "InstrumentRiskSettings",
    "InstrumentView",
    "OrderRequest",
    "Refused",
    "RiskSettings",
    "Status",
    "Verdict",
    "WorkingOrder",
]
