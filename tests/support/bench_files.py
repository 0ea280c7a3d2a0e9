"""Small benchmark files written by hand, and the way to the big collection where it is at hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[3] / "shared" / "bench"

JSP = """\
# two jobs, three machines
2 3
0 3  1 2  2 2
2 4  0 1  1 5
"""

REENTRANT = """\
2 2
0 3 1 2 0 4 -1 -1
1 5
"""

FJSP = """\
2 2 1.5
2  1 1 4  2 1 6 2 3
1  2 2 5 1 7
"""

FJSP_SDST = """\
2 2 1.5
2 1 1 4 2 1 6 2 3
1 2 1 7 2 5
9 2 3
1 9 5
4 6 9
1000000 1000000 1000000
1000000 9 1000000
1000000 8 9
"""

PSPLIB = """\
************************************************************************
projects                      :  1
jobs (incl. supersource/sink ):  4
horizon                       :  9
RESOURCES
  - renewable                 :  2   R
  - nonrenewable              :  0   N
  - doubly constrained        :  0   D
************************************************************************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        1          1           4
   3        1          1           4
   4        1          0
************************************************************************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     5       2    0
  3      1     4       3    1
  4      1     0       0    0
************************************************************************
RESOURCEAVAILABILITIES:
  R 1  R 2
   4    1
************************************************************************
"""

FAJSP = """\
# two jobs: a fork, and one operation alone
4 2 2
0 1
0 2
1 0 5
2 1 4 0 6
1 1 3
1 0 2
"""

PATTERSON = """\
4 2
4 1
0 0 0 2 2
 3
5 2 0 1 4
4 3 1 1 4

0 0 0 0
"""

PSPLIB_MM = """\
jobs  (incl. supersource/sink ):	4
RESOURCES
- renewable                 : 1 R
- nonrenewable              : 1 N
- doubly constrained        : 0 D
************************************************************************
PRECEDENCE RELATIONS:
jobnr.	#modes	#successors	successors
1	1	2		2 3
2	2	1		4
3	3	1		4
4	1	0
************************************************************************
REQUESTS/DURATIONS
jobnr.	mode	dur	R1	N1
------------------------------------------------------------------------
1	1	0	0	0
2	1	2	3	5
	2	6	2	1
3	1	3	3	4
	2	5	2	4
	3	9	2	0
4	1	0	0	0
************************************************************************

 RESOURCE AVAILABILITIES
	R 1	N 1
	4	5

************************************************************************
"""

NPFSP = """\
3
2
4 5
1 2
3 9
"""

HFSP = """\
3
2
2 1
4 5
1 2
3 9
"""

TT_PFSP = """\
3
2
9 4 20
4 5
1 2
3 9
"""

SDST_PFSP = """\
2
2
4 5
1 2
0 3
7 0
0 1
2 0
"""

SDST_JSON = """\
{"name": "tiny", "n_jobs": 2, "n_machines": 2,
 "jobs": [[[0, 4], [1, 5]], [[1, 2], [0, 1]]],
 "setup_job_by_machine": [[[0, 3], [7, 0]], [[0, 1], [2, 0]]]}
"""

WRITTEN = {"jsp": JSP, "jsp_reentrant": REENTRANT, "fjsp": FJSP, "fjsp_sdst": FJSP_SDST, "psplib": PSPLIB}
"""Formats that are written too."""

FILES = {
    **WRITTEN,
    "fajsp": FAJSP,
    "patterson_rcp": PATTERSON,
    "psplib_mm": PSPLIB_MM,
    "naderi_npfsp": NPFSP,
    "naderi_hfsp": HFSP,
    "naderi_tt_pfsp": TT_PFSP,
    "naderi_sdst_pfsp": SDST_PFSP,
    "jsp_sdst_json": SDST_JSON,
}


def manifest() -> list[dict[str, str]]:
    """Return the rows of the collection's manifest; skips the test where the collection is absent."""
    if not BENCH.is_dir():
        pytest.skip("the benchmark collection ../shared/bench is not here")
    with (BENCH / "manifest.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))
