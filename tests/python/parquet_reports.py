"""Compares reports as Parquet, read by DuckDB, with the same reports as CSV.

Takes a directory of `N.parquet` and `N.csv`; prints the path of every pair that differs, then how many rows
were the same.
"""

import csv
import pathlib
import sys

import duckdb

TIMES = ("year", "month", "day", "hour", "minute")

rows = 0
for table in sorted(pathlib.Path(sys.argv[1]).glob("*.parquet")):
    relation = duckdb.sql(f"SELECT * FROM read_parquet('{table}')")
    with open(table.with_suffix(".csv"), newline="", encoding="utf-8") as file:
        header, *expected = list(csv.reader(file))
    found = [[str(value) for value in row] for row in relation.fetchall()]
    types = dict(zip(relation.columns, map(str, relation.types)))
    typed = all(types[name] == "BIGINT" for name in TIMES if name in types)
    if relation.columns != header or found != expected or not typed:
        print(f"{table}: {relation.columns} {types} {found[:2]} {expected[:2]}")
    rows += len(found)
print(f"{rows} rows are the same")
