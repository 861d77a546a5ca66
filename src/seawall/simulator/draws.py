"""Chance at the venue: latencies and rejections, each a function of its order alone.

Rule 1: a draw is addressed by seed, order, draw kind and, where an order has several, by
        what happened and when; so adding an order never changes another one's luck.
Rule 2: uniform numbers become latencies by the inverse of the distribution, here and not in
        a library whose streams may change (SPEC.md F5).

Sources: Philox, see kernels/philox.py; the normal quantile is algorithm AS 241 (PPND16) of
Wichura, Applied Statistics 37 (1988) 477-484, with a relative error of about 1e-16.
"""

import math
from typing import Any

from seawall.kernels.jit import kernel
from seawall.kernels.philox import uniform

__all__ = [
    "CONSTANT",
    "LOGNORMAL",
    "entry_latency_ns",
    "is_rejected",
    "lognormal_latency",
    "normal_quantile",
    "response_latency_ns",
]

CONSTANT = 0
LOGNORMAL = 1

DRAW_ENTRY = 1
DRAW_RESPONSE = 2
DRAW_REJECT = 3

COMMAND_NEW = 1
LATENCY_NS_MAX = 9.0e15  # 104 days: a draw beyond it is cut, so that times stay in int64
POSITIVE = 2**63 - 1  # a time before 1970 gives a counter word as well
SMALLEST = 2.0**-54  # half of the smallest step of a uniform number stands for zero


@kernel
def entry_latency_ns(v: Any, order_id: int, command_kind: int, ts_sent: int) -> int:
    """How long a command travels to the venue, in ns, 0 or above.

    The draw of a new order has the counter [order, 1, 0, 0]; a cancel or replace adds its
    kind and the time it was sent.
    """
    if v["entry_model"] == CONSTANT:
        return v["entry_ns"]
    if command_kind == COMMAND_NEW:
        u = uniform(v["seed"], order_id, DRAW_ENTRY, 0, 0)
    else:
        u = uniform(v["seed"], order_id, DRAW_ENTRY, command_kind, ts_sent & POSITIVE)
    return _whole_ns(lognormal_latency(v["entry_mu"], v["entry_sigma"], u))


@kernel
def response_latency_ns(v: Any, order_id: int, report_kind: int, ts_exchange: int) -> int:
    """How long a report travels back, in ns, never below 1: an answer does not precede its cause."""
    if v["response_model"] == CONSTANT:
        return max(v["response_ns"], 1)
    u = uniform(v["seed"], order_id, DRAW_RESPONSE, report_kind, ts_exchange & POSITIVE)
    return max(_whole_ns(lognormal_latency(v["response_mu"], v["response_sigma"], u)), 1)


@kernel
def is_rejected(v: Any, order_id: int) -> bool:
    """Whether the venue rejects the order at random, with the configured probability."""
    return v["reject_probability"] > 0.0 and (
        uniform(v["seed"], order_id, DRAW_REJECT, 0, 0) < v["reject_probability"]
    )


@kernel
def lognormal_latency(mu: float, sigma: float, u: float) -> float:
    """exp(mu + sigma * z(u)), z the normal quantile; in the unit whose logarithm mu is.

    >>> round(lognormal_latency(math.log(5.0), math.log(8.0) / 2.3263478740408408, 0.5155139834), 6)
    5.176904
    """
    return math.exp(mu + sigma * normal_quantile(max(u, SMALLEST)))


@kernel
def _whole_ns(latency: float) -> int:
    return math.floor(min(latency, LATENCY_NS_MAX) + 0.5)


@kernel
def normal_quantile(p: float) -> float:
    """The z with P(Z <= z) = p for a standard normal Z, 0 < p < 1 (Wichura 1988, AS 241).

    >>> round(normal_quantile(0.99), 10), normal_quantile(0.5)
    (2.326347874, 0.0)
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        return q * _central(0.180625 - q * q)
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    z = _middle(r - 1.6) if r <= 5.0 else _tail(r - 5.0)
    return -z if q < 0.0 else z


@kernel
def _central(r: float) -> float:
    top = 2.5090809287301226727e3 * r + 3.3430575583588128105e4
    top = (top * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4
    top = (top * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3
    top = (top * r + 1.3314166789178437745e2) * r + 3.3871328727963666080e0
    below = 5.2264952788528545610e3 * r + 2.8729085735721942674e4
    below = (below * r + 3.9307895800092710610e4) * r + 2.1213794301586595867e4
    below = (below * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2
    below = (below * r + 4.2313330701600911252e1) * r + 1.0
    return top / below


@kernel
def _middle(r: float) -> float:
    top = 7.74545014278341407640e-4 * r + 2.27238449892691845833e-2
    top = (top * r + 2.41780725177450611770e-1) * r + 1.27045825245236838258e0
    top = (top * r + 3.64784832476320460504e0) * r + 5.76949722146069140550e0
    top = (top * r + 4.63033784615654529590e0) * r + 1.42343711074968357734e0
    below = 1.05075007164441684324e-9 * r + 5.47593808499534494600e-4
    below = (below * r + 1.51986665636164571966e-2) * r + 1.48103976427480074590e-1
    below = (below * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940e0
    below = (below * r + 2.05319162663775882187e0) * r + 1.0
    return top / below


@kernel
def _tail(r: float) -> float:
    top = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
    top = (top * r + 1.24266094738807843860e-3) * r + 2.65321895265761230930e-2
    top = (top * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580e0
    top = (top * r + 5.46378491116411436990e0) * r + 6.65790464350110377720e0
    below = 2.04426310338993978564e-15 * r + 1.42151175831644588870e-7
    below = (below * r + 1.84631831751005468180e-5) * r + 7.86869131145613259100e-4
    below = (below * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1
    below = (below * r + 5.99832206555887937690e-1) * r + 1.0
    return top / below
