"""Write the session tables that ship in the package, from the exchange_calendars library.

Usage: python scripts/make_sessions.py
"""

from pathlib import Path

import exchange_calendars
import numpy as np

from seawall.store.sessions import SHIPPED, pack_sessions

FIRST_DAY = "1990-01-01"
LAST_DAY = "2035-12-31"
FOLDER = Path(__file__).resolve().parents[1] / "src" / "seawall" / "store" / "sessions_data"


def calendar_times(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Opens and closes of a market as the library gives them, int64 ns UTC, half-days included."""
    calendar = exchange_calendars.get_calendar(name, start=FIRST_DAY, end=LAST_DAY)
    opens, closes = (
        column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
        for column in (calendar.opens, calendar.closes)
    )
    return opens, closes


def main() -> None:
    """Write one file a market and print its size."""
    FOLDER.mkdir(exist_ok=True)
    end_ns = int((np.datetime64(LAST_DAY, "ns") + np.timedelta64(1, "D")).astype(np.int64))
    for name in SHIPPED:
        opens, closes = calendar_times(name)
        path = FOLDER / f"{name}.npz"
        path.write_bytes(pack_sessions(opens, closes, end_ns))
        print(f"{path.name}: {len(opens)} sessions, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
