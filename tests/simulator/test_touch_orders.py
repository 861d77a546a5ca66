"""Matching on ticks, as tables: when an order rests, fills, is triggered, ends, and may not do anything."""

import pytest
from venue_bench import Packet, TickBench

from seawall.kernels.rows import LEVEL, QUOTE_BID, TRADE
from seawall.model.kinds import Liquidity
from seawall.model.orders import TimeInForce
from seawall.model.reasons import Reason

IOC, FOK, GTC = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTC
QUOTES, TRADES = TickBench("quotes"), TickBench("trades")
BOTH, DEPTH = TickBench("trades", "quotes"), TickBench("trades", "levels")
ASKS = {1005: 5, 1010: 7, 1015: 20}  # SPEC.md F3, in ticks of 0.1
ACCEPTED, FILL, CANCELLED, REJECTED = "ACCEPTED", "FILL", "CANCELLED", "REJECTED"


def book(ts: int = 10) -> Packet:
    """The book of SPEC.md F3 with bids beneath it; the middle is 1004.5."""
    return DEPTH.snapshot(ts, {1004: 5, 999: 7}, ASKS)


# orders that rest ----------------------------------------------------------------------

RESTING: list[tuple[str, TickBench, Packet, tuple[bool, bool]]] = [
    # a buyer at 101 below the ask of 102; what comes; whether it fills, adversarial and not
    ("a trade through", BOTH, BOTH.trade(60, 100), (True, True)),
    ("a trade at the limit", BOTH, BOTH.trade(60, 101), (False, True)),
    ("a trade above", BOTH, BOTH.trade(60, 102), (False, False)),
    ("the ask at the limit", BOTH, BOTH.quote(60, 99, 101), (True, True)),
    ("the ask through it", BOTH, BOTH.quote(60, 97, 98), (True, True)),
    ("the bid at the limit", BOTH, BOTH.quote(60, 101, 102), (False, False)),
    ("a crossed quote", BOTH, BOTH.quote(60, 102, 101), (False, False)),
    ("an ask without lots", BOTH, BOTH.quote(60, 99, 100, ask_lots=0), (False, False)),
    ("quotes alone: the ask", QUOTES, QUOTES.quote(60, 99, 101), (True, True)),
]


@pytest.mark.parametrize("adversarial", [True, False])
@pytest.mark.parametrize(("name", "bench", "packet", "fills"), RESTING)
def test_a_resting_buyer(
    name: str, bench: TickBench, packet: Packet, fills: tuple[bool, bool], adversarial: bool
) -> None:
    """All of it at its limit, however little was traded or shown, and as a maker; or nothing."""
    reports = bench.run(
        [bench.quote(10, 99, 102), packet], bench.limit(50, 70, 1, 101),
        adversarial=adversarial, taker_bps=10, maker_bps=-1,
    )[1:]  # fmt: skip
    assert len(reports) == int(fills[0 if adversarial else 1]), name
    for report in reports:
        assert (report["ts_exchange"], report["last_lots"], report["price_fine"]) == (60, 70, 1_010_000)
        assert report["liquidity"] == Liquidity.MAKER
        assert report["base_fine"] == report["price_fine"]
        assert (report["spread_minor"], report["impact_minor"]) == (0, 0)
        assert report["fee_minor"] == -7  # a rebate of 1 bps of 70 x 101 x 10 cents = 70,700


@pytest.mark.parametrize(("price", "adversarial", "fills"), [(103, True, 1), (102, True, 0), (102, False, 1)])
def test_a_resting_seller(price: int, adversarial: bool, fills: int) -> None:
    """The same, mirrored: at 102 above a bid of 100."""
    packets = [BOTH.quote(10, 100, 103), BOTH.trade(60, price)]
    found = BOTH.fills(packets, BOTH.limit(50, 4, -1, 102), adversarial=adversarial)
    assert found == [(60, 4, 102)] * fills


@pytest.mark.parametrize(
    ("prices", "adversarial", "filled"),
    [([99], True, 0), ([98], True, 1), ([99], False, 1), ([100, 99, 98], True, 1), ([100], False, 0)],
)
def test_resting_on_trades_alone(prices: list[int], adversarial: bool, filled: int) -> None:
    """Without a touch only trades fill what rests: a buyer at 99 under a last trade of 100."""
    packets = [
        TRADES.trade(10, 100),
        *(TRADES.trade(60 + place, price) for place, price in enumerate(prices)),
    ]
    fills = TRADES.fills(packets, TRADES.limit(50, 4, 1, 99), adversarial=adversarial)
    assert [(lots, price) for _, lots, price in fills] == [(4, 99)] * filled


def test_a_limit_at_the_last_trade_takes() -> None:
    """Trades alone: the last trade stands for the opposite, so that a limit at it has not to rest."""
    assert TRADES.fills([TRADES.trade(10, 100)], TRADES.limit(50, 4, 1, 100)) == [(50, 4, 100)]


# stops ---------------------------------------------------------------------------------


def test_a_stop_waits_for_a_trade() -> None:
    """The touch alone moves nothing where there are trades; then it is a limit that has just arrived."""
    packets = [
        BOTH.quote(10, 100, 102),
        BOTH.quote(60, 104, 105),
        BOTH.trade(70, 103),
        BOTH.trade(80, 104),
    ]
    assert BOTH.fills(packets, BOTH.stop(50, 4, 1, 104, 106)) == [(80, 4, 105)]
    assert BOTH.fills(packets, BOTH.stop(50, 4, 1, 103, 106)) == [(70, 4, 105)]


@pytest.mark.parametrize(
    ("side", "stop", "fills"), [(1, 103, True), (1, 104, False), (-1, 103, True), (-1, 102, False)]
)
def test_the_newest_trade_counts_on_arrival(side: int, stop: int, fills: bool) -> None:
    """A stop that arrives at or behind it is triggered at once; later only new trades count."""
    packets = [BOTH.quote(10, 100, 102), BOTH.trade(20, 103), BOTH.quote(60, 100, 102)]
    found = BOTH.fills(packets, BOTH.stop(50, 4, side, stop, 110 if side > 0 else 90))
    assert found == ([(50, 4, 102 if side > 0 else 100)] if fills else [])


def test_the_first_look_may_be_late() -> None:
    """A stop that arrives while the touch is not whole is held against the newest trade once it is."""
    packets = [BOTH.trade(20, 103), BOTH.quote(60, 100, 102)]
    assert BOTH.fills(packets, BOTH.stop(50, 4, 1, 103, 110)) == [(60, 4, 102)]


def test_a_stop_misses_what_traded_while_the_book_was_lost() -> None:
    """Nothing is triggered then; the next trade behind the stop does it."""
    packets = [
        book(),
        DEPTH.gap(60, LEVEL),
        DEPTH.trade(70, 990),
        book(80),
        DEPTH.trade(90, 1000),
        DEPTH.trade(95, 991),
    ]
    assert DEPTH.fills(packets, DEPTH.stop(50, 4, -1, 991, 900)) == [(95, 4, 1004)]


def test_stops_on_quotes_alone() -> None:
    """Where there are no trades the opposite touch triggers: the ask for a buyer, the bid for a seller."""
    packets = [QUOTES.quote(10, 100, 102), QUOTES.quote(60, 101, 103), QUOTES.quote(70, 97, 98)]
    assert QUOTES.fills(packets, QUOTES.stop(50, 4, 1, 103, 110)) == [(60, 4, 103)]
    assert QUOTES.fills(packets, QUOTES.stop(50, 4, -1, 99, 90)) == [(70, 4, 97)]
    assert QUOTES.fills(packets, QUOTES.stop(50, 4, -1, 100, 90)) == [(50, 4, 100)]
    assert QUOTES.fills(packets, QUOTES.stop(50, 4, -1, 96, 90)) == []


def test_a_stop_whose_limit_is_missed_rests() -> None:
    """Triggered with the ask beyond its limit it rests there, and fills as any limit that rests."""
    packets = [BOTH.quote(10, 100, 102), BOTH.quote(60, 106, 107), BOTH.trade(70, 107), BOTH.trade(80, 104)]
    reports = BOTH.run(packets, BOTH.stop(50, 4, 1, 104, 105))
    assert [(each["ts_exchange"], each["price_fine"]) for each in reports[1:]] == [(80, 1_050_000)]
    assert reports[1]["liquidity"] == Liquidity.MAKER


def test_stops_come_first() -> None:
    """Of one packet, stops take the depth before the others, each group by arrival."""
    packets = [
        DEPTH.snapshot(10, {1000: 1}, {1020: 9}),
        DEPTH.trade(60, 1020),
        DEPTH.levels(70, {}, {1010: 6}),
    ]
    limits = [DEPTH.order(50, 4, 1, limit_ticks=1010), DEPTH.order(51, 4, 1, limit_ticks=1010, order_id=2)]
    stops = [DEPTH.stop(52, 3, 1, 1020, 1011, order_id=3), DEPTH.stop(53, 2, 1, 1020, 1012, order_id=4)]
    reports = DEPTH.run(packets, *limits, *stops)
    # the stops are triggered at 60, and rest; at 70 the ask is inside their limits
    assert [(each["order_id"], each["last_lots"]) for each in reports if each["last_lots"]] == [
        (3, 3),
        (4, 2),
        (1, 4),
        (2, 2),
    ]


# what an order may not do --------------------------------------------------------------

POST_ONLY: list[tuple[int, int, bool]] = [(1, 101, True), (1, 102, False), (1, 103, False)]
POST_ONLY += [(-1, 101, True), (-1, 100, False), (-1, 99, False)]


@pytest.mark.parametrize(("side", "limit", "accepted"), POST_ONLY)
def test_post_only(side: int, limit: int, accepted: bool) -> None:
    """It is rejected where it would trade on arrival."""
    story = QUOTES.story([QUOTES.quote(10, 100, 102)], QUOTES.limit(50, 4, side, limit, post_only=1))
    expected = (50, 1, ACCEPTED, 0) if accepted else (50, 1, REJECTED, Reason.VENUE_POST_ONLY)
    assert story == [expected]


def test_post_only_never_takes() -> None:
    """Accepted while nothing could be matched, it rests all the same: it fills as a maker, at its limit."""
    reports = QUOTES.run([QUOTES.quote(60, 100, 102)], QUOTES.limit(50, 4, 1, 105, post_only=1))
    assert (reports[1]["price_fine"], reports[1]["liquidity"]) == (1_050_000, Liquidity.MAKER)
    packets = [QUOTES.quote(10, 100, 102), QUOTES.quote(60, 99, 101)]
    reports = QUOTES.run(packets, QUOTES.limit(50, 4, 1, 101, post_only=1))
    assert (reports[1]["price_fine"], reports[1]["liquidity"]) == (1_010_000, Liquidity.MAKER)


def test_post_only_comes_before_missing_volume() -> None:
    """Both apply: the first of them is told; where it would not trade, the other is."""
    quote, impact = QUOTES.quote(10, 100, 102), {"impact": "sqrt"}
    story = QUOTES.story([quote], QUOTES.limit(50, 4, 1, 102, post_only=1), **impact)
    assert story == [(50, 1, REJECTED, Reason.VENUE_POST_ONLY)]
    story = QUOTES.story([quote], QUOTES.limit(50, 4, 1, 101, post_only=1), **impact)
    assert story == [(50, 1, REJECTED, Reason.VENUE_NO_LIQUIDITY)]


def test_reduce_only_is_clipped() -> None:
    """It fills what the position is and is cancelled then; without a position it is cancelled at once."""
    quote = QUOTES.quote(10, 100, 102)
    orders = [QUOTES.order(50, 5), QUOTES.order(60, 8, -1, order_id=2, reduce_only=1)]
    orders += [QUOTES.order(70, 1, -1, order_id=3, reduce_only=1)]
    assert QUOTES.story([quote], *orders) == [
        (50, 1, ACCEPTED, 0),
        (50, 1, FILL, 0),
        (60, 2, ACCEPTED, 0),
        (60, 2, FILL, 0),
        (60, 2, CANCELLED, Reason.VENUE_REDUCE_ONLY),
        (70, 3, ACCEPTED, 0),
        (70, 3, CANCELLED, Reason.VENUE_REDUCE_ONLY),
    ]
    assert [lots for _, lots, _ in QUOTES.fills([quote], *orders)] == [5, 5]


@pytest.mark.parametrize(("side", "cancelled"), [(1, True), (-1, False)])
def test_reduce_only_is_of_the_other_side(side: int, cancelled: bool) -> None:
    """Long 5, a buyer has nothing to reduce, and a seller that rests is left alone."""
    orders = [QUOTES.order(50, 5), QUOTES.limit(60, 5, side, 101, order_id=2, reduce_only=1)]
    kinds = [kind for _, order, kind, _ in QUOTES.story([QUOTES.quote(10, 100, 102)], *orders) if order == 2]
    assert kinds == [ACCEPTED, *([CANCELLED] if cancelled else [])]


def test_a_resting_exit_ends_with_the_position() -> None:
    """Two exits of one position: what one of them sold, the other has not to sell any more."""
    packets = [BOTH.quote(10, 100, 102), BOTH.trade(80, 90), BOTH.quote(90, 110, 111)]
    orders = [
        BOTH.order(50, 5),
        BOTH.limit(60, 5, -1, 110, order_id=2, reduce_only=1),
        BOTH.stop(61, 5, -1, 90, 80, order_id=3, reduce_only=1),
    ]
    after = [each for each in BOTH.story(packets, *orders) if each[0] >= 80]
    assert after == [(80, 3, FILL, 0), (80, 2, CANCELLED, Reason.VENUE_REDUCE_ONLY)]


ENDS: list[tuple[int, int, int, list[tuple[int, str]]]] = [  # kind, lots, limit -> lots filled, how it ends
    (IOC, 15, 1005, [(5, FILL), (0, "VENUE_TIME_IN_FORCE")]),
    (IOC, 5, 1005, [(5, FILL)]),
    (IOC, 5, 1004, [(0, "VENUE_NO_LIQUIDITY")]),
    (FOK, 15, 1010, [(0, "VENUE_NO_LIQUIDITY")]),
    (FOK, 12, 1010, [(12, FILL)]),
    (FOK, 33, 2000, [(0, "VENUE_NO_LIQUIDITY")]),
    (GTC, 5, 1004, []),
]


@pytest.mark.parametrize(("kind", "lots", "limit", "ends"), ENDS)
def test_ioc_and_fok(kind: int, lots: int, limit: int, ends: list[tuple[int, str]]) -> None:
    """They end with their first look; a FOK that is not filled whole takes nothing from the depth."""
    order = DEPTH.limit(50, lots, 1, limit, time_in_force=kind)
    reports = DEPTH.run([book()], order, DEPTH.limit(60, 5, 1, 1005, order_id=2))
    own = [each for each in reports if each["order_id"] == 1][1:]
    told = [(each["last_lots"], FILL if each["last_lots"] else Reason(each["reason"]).name) for each in own]
    assert told == ends
    if not any(lots for lots, _ in ends):
        assert reports[-1]["last_lots"] == 5


def test_ioc_without_a_touch() -> None:
    """Its first look finds nothing that can be matched: it ends."""
    order = DEPTH.limit(50, 4, 1, 1005, time_in_force=IOC)
    ended = [(50, 1, ACCEPTED, 0), (50, 1, CANCELLED, Reason.VENUE_NO_LIQUIDITY)]
    assert DEPTH.story([book(60)], order) == ended


@pytest.mark.parametrize("kind", [IOC, FOK])
def test_stops_that_are_ioc_or_fok(kind: int) -> None:
    """They wait for their stop, and end with the look that triggers them."""
    packets = [BOTH.quote(10, 100, 105), BOTH.trade(20, 103), BOTH.trade(80, 104), BOTH.quote(90, 100, 103)]
    at_once = BOTH.story(packets, BOTH.stop(50, 4, 1, 103, 104, time_in_force=kind))
    assert at_once[1:] == [(50, 1, CANCELLED, Reason.VENUE_NO_LIQUIDITY)]
    later = BOTH.story(packets, BOTH.stop(50, 4, 1, 104, 104, time_in_force=kind))
    assert later[1:] == [(80, 1, CANCELLED, Reason.VENUE_NO_LIQUIDITY)]


def test_a_fok_that_only_reduces() -> None:
    """All or nothing is of what it asks for: where the position is less, it is nothing."""
    orders = [DEPTH.order(50, 5), DEPTH.limit(60, 9, -1, 1004, order_id=2, reduce_only=1, time_in_force=FOK)]
    assert DEPTH.story([book()], *orders)[-1] == (60, 2, CANCELLED, Reason.VENUE_NO_LIQUIDITY)


# replaced ------------------------------------------------------------------------------


def test_a_replaced_order_takes_at_the_next_packet() -> None:
    """It has not rested any more: it pays as a taker, and not before something happens."""
    packets = [QUOTES.quote(10, 100, 102), QUOTES.quote(70, 100, 102)]
    reports = QUOTES.run(packets, QUOTES.limit(50, 4, 1, 101), QUOTES.replace(60, 6, 105))
    told = [(each["ts_exchange"], each["last_lots"], each["price_fine"]) for each in reports]
    assert told == [(50, 0, 0), (60, 0, 0), (70, 6, 1_020_000)]
    assert reports[2]["liquidity"] == Liquidity.TAKER


def test_a_replaced_order_loses_its_place() -> None:
    """It goes to the end of the line, so that the other one gets the depth."""
    packets = [DEPTH.snapshot(10, {1000: 1}, {1020: 9}), DEPTH.levels(70, {}, {1010: 5})]
    orders = [DEPTH.order(50, 5, limit_ticks=1010), DEPTH.order(51, 5, limit_ticks=1010, order_id=2)]
    reports = DEPTH.run(packets, *orders, DEPTH.replace(60, 5, 1010))
    assert [each["order_id"] for each in reports if each["last_lots"]] == [2]


def test_a_replaced_stop_is_held_against_the_newest_trade() -> None:
    """Moved to where the market already traded, it is triggered by the next packet, whatever that is."""
    packets = [BOTH.quote(10, 100, 102), BOTH.trade(20, 103), BOTH.quote(70, 100, 102)]
    assert BOTH.fills(packets, BOTH.stop(50, 4, 1, 104, 110), BOTH.replace(60, 4, 110, 103)) == [(70, 4, 102)]


# a touch that cannot be trusted --------------------------------------------------------

LOST: list[tuple[str, TickBench, list[Packet], Packet]] = [
    ("no snapshot yet", DEPTH, [DEPTH.levels(10, {1004: 5}, ASKS)], book(90)),
    ("a gap", DEPTH, [book(), DEPTH.gap(20, LEVEL)], book(90)),
    ("a gap and more levels", DEPTH, [book(), DEPTH.gap(20, LEVEL), DEPTH.levels(30, {}, ASKS)], book(90)),
    ("crossed", DEPTH, [book(), DEPTH.levels(20, {1006: 1}, {})], DEPTH.levels(90, {1006: 0}, {})),
    ("one side", DEPTH, [DEPTH.snapshot(10, {}, ASKS)], DEPTH.levels(90, {1004: 1}, {})),
    ("no quote yet", BOTH, [BOTH.trade(10, 1005)], BOTH.quote(90, 1004, 1005)),
    ("a crossed quote", QUOTES, [QUOTES.quote(10, 1006, 1005)], QUOTES.quote(90, 1004, 1005)),
    ("a quote of one side", QUOTES, [QUOTES.quote(10, 1004, 1005, bid_lots=0)], QUOTES.quote(90, 1004, 1005)),
    ("no trade yet", TRADES, [], TRADES.trade(90, 1005)),
]


@pytest.mark.parametrize(("name", "bench", "before", "healed"), LOST)
def test_nothing_is_matched_on_a_lost_touch(
    name: str, bench: TickBench, before: list[Packet], healed: Packet
) -> None:
    """Neither as it arrives nor by a trade; the packet that makes the touch whole fills it."""
    trade = [] if bench in (QUOTES, TRADES) else [bench.trade(60, 1005)]
    fills = bench.fills([*before, *trade, healed], bench.order(50, 5))
    assert fills == [(90, 5, 1005)], name
    resting = bench.fills([*before, *trade], bench.limit(50, 5, 1, 2000), adversarial=False)
    assert resting == [], name


@pytest.mark.parametrize("missing", [TRADE, QUOTE_BID])
def test_other_gaps_lose_nothing(missing: int) -> None:
    """Missing trades and missing quotes leave the book, and a quote, as they were."""
    assert DEPTH.fills([book(), DEPTH.gap(20, missing)], DEPTH.order(50, 5)) == [(50, 5, 1005)]
    assert BOTH.fills([BOTH.quote(10, 100, 102), BOTH.gap(20, missing)], BOTH.order(50, 5)) == [(50, 5, 102)]


def test_nothing_is_looked_at_inside_a_packet() -> None:
    """A packet that passes through a price on its way does not fill at it."""
    before, after = {1005: 9}, {1005: 0, 1003: 2, 1006: 4}
    packets = [
        DEPTH.snapshot(10, {1000: 5}, before),
        [*DEPTH.levels(60, {}, after)[:2], *DEPTH.levels(60, {}, {1003: 0, 1006: 4})],
    ]
    packets[1] = [(*row[:8], 0) for row in packets[1][:-1]] + [packets[1][-1]]
    assert DEPTH.fills(packets, DEPTH.limit(50, 4, 1, 1003)) == []
