"""Parameters of TPC-DS queries, chosen anew for data of a tenth of the smallest official size, which has one store.

With the parameters that come with the queries 30 answers would be empty, and would show nothing.
"""

from __future__ import annotations

SUBSTITUTED: dict[int, dict[str, str]] = {
    4: {"= 2001": "= 2000"},
    10: {"2002": "1999", "'Rush County'": "'Williamson County'"},
    13: {"BETWEEN 100.00 AND 150.00": "BETWEEN 0.00 AND 250.00", "BETWEEN 50.00 AND 100.00": "BETWEEN 0.00 AND 250.00"},
    17: {"2001Q": "2000Q"},
    23: {"2000": "1998", "d_moy = 2": "d_moy = 12"},
    24: {"s_market_id=8": "s_market_id=2", "'peach'": "'pale'"},
    29: {"= 9": "= 8", "1999": "1998"},
    31: {"2000": "2001"},
    32: {"977": "3"},
    44: {"ss_store_sk = 4": "ss_store_sk = 1"},
    49: {"2001": "1998"},
    58: {"2000-01-03": "1998-11-28"},
    64: {"64": "30", "'purple'": "'red'"},
    73: {"BETWEEN 1 AND 2": "BETWEEN 1 AND 4"},
    83: {"2000-06-30": "1998-08-30", "2000-09-27": "1998-11-28", "2000-11-17": "1999-01-17"},
    85: {"d_year = 2000": "d_year = 1998", "'Advanced Degree'": "'Secondary'"},
    88: {"'ese'": "'ought'"},
    90: {"BETWEEN 5000 AND 5200": "BETWEEN 2500 AND 4000"},
    91: {"= 11": "= 12", "= -7": "= -6"},
    92: {"350": "19"},
    93: {"'reason 28'": "'Stopped working'"},
    96: {"'ese'": "'ought'"},
}
"""Query number -> text in the query -> text in its place, wherever it stands."""


def substituted(queries: dict[int, str]) -> dict[int, str]:
    """Return the queries with these parameters. A text that is not there is a defect of this file."""
    found = dict(queries)
    for number, places in SUBSTITUTED.items():
        for old, new in places.items():
            assert old in found[number], f"query {number} holds no {old}"
            found[number] = found[number].replace(old, new)
    return found
