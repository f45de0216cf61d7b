#!/usr/bin/env python3
"""Names the dependencies that cost most of a build.

usage: cargo build --release --timings && build_cost.py TARGET_DIRECTORY [COUNT]

Reads cargo's own timing page and adds up the seconds of all units of each package (build script,
its run, the library).
"""

import collections
import json
import pathlib
import re
import sys

page = pathlib.Path(sys.argv[1]) / "cargo-timings" / "cargo-timing.html"
units = json.loads(re.search(r"UNIT_DATA = (\[.*?\]);\n", page.read_text(), re.DOTALL).group(1))
cost = collections.Counter()
for unit in units:
    cost[f"{unit['name']} {unit['version']}"] += unit["duration"]
total = sum(cost.values())
for package, seconds in cost.most_common(int(sys.argv[2]) if len(sys.argv) > 2 else 10):
    print(f"{package:<32} {seconds:>7.1f} s {100 * seconds / total:>5.1f} %")
print(f"{'everything':<32} {total:>7.1f} s")
