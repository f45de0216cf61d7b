#!/usr/bin/env python3
"""Asks the same questions of usher over HTTP, of DuckDB over the raw events, and of DuckDB over an hourly roll-up.

usage: reports.py DATA_DIRECTORY WARM_ROUNDS

The demo server of the directory must be running and its days closed. Prints a table; ends with an error when
the answers differ.
"""

import datetime
import http.client
import json
import pathlib
import sys
import time
import urllib.parse

import duckdb

COUNTS = {
    "authn-attempts": "event = 'authn-attempt'",
    "authn-pending": "event = 'authn-pending'",
    "authn-successful": "event = 'authn-granted'",
    "authz-attempts": "event = 'authz-attempt'",
    "authz-failed": "event = 'authz-failed' AND reason NOT IN ('network', 'invalid', 'norefreshtoken', 'mismatch')",
    "authz-rejected": "event = 'authz-rejected'",
    "authz-successful": "event = 'authz-granted'",
    "clientless-failures": "event = 'clientless-token-failed'",
    "clientless-tokens": "event = 'clientless-token-granted'",
    "media-tokens": "event = 'media-token'",
}
LATENCY = "event IN ('authz-granted', 'authz-failed', 'authz-rejected')"

# Name, path below the root, columns of the roll-up, whether distinct users are counted.
QUESTIONS = [
    ("hours", "year/month/day/hour", ["hour"], False),
    ("hours by provider", "year/month/day/hour/media-company/proxy/mvpd", ["hour", "proxy", "mvpd"], False),
    ("days by channel and platform", "year/month/day/requestor-id/platform", ["day", "requestor_id", "platform"], False),
    ("days, distinct users", "year/month/day/dc", ["day", "dc"], True),
    ("months", "year/month", ["month"], False),
]
WHEN = {"hour": "date_trunc('hour', t)", "day": "date_trunc('day', t)", "month": "date_trunc('month', t)"}


class Usher:
    """The server, asked over one connection."""

    def __init__(self, data):
        world = json.loads((data / "demo.json").read_text())
        base = urllib.parse.urlsplit(world["base_url"])
        self.connection = http.client.HTTPConnection(base.hostname, base.port, timeout=600)
        statement = json.dumps({"software_statement": world["software_statements"]["acme-ops"]})
        client = json.loads(self.call("POST", "/o/client/register", statement, "application/json"))
        form = urllib.parse.urlencode({
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
        })
        answer = self.call("POST", "/o/client/token", form, "application/x-www-form-urlencoded")
        self.token = json.loads(answer)["access_token"]

    def call(self, method, url, body=None, media_type=None):
        headers = {"Content-Type": media_type} if media_type else {"Authorization": f"Bearer {self.token}"}
        self.connection.request(method, url, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            sys.exit(f"{url}: {answer.status} {text.decode()}")
        return text

    def hang_up(self):
        """The next call connects anew: while DuckDB counts, the server lets go of a silent connection."""
        self.connection.close()

    def ask(self, path, start, end):
        return self.call("GET", f"/esm/v3/{path}.json?start={start}&end={end}&limit=10000")


def summary(answer):
    report = json.loads(answer)["report"]
    return len(report), sum(int(row["media-tokens"]) for row in report)


def sums():
    columns = [f'count(*) FILTER ({when}) AS "{name}"' for name, when in COUNTS.items()]
    return ", ".join([*columns, f'coalesce(sum(latency_ms) FILTER ({LATENCY}), 0) AS "authz-latency"'])


class Duck:
    """DuckDB over the events that usher wrote, with two threads."""

    def __init__(self, data):
        self.db = duckdb.connect()
        self.db.sql("SET threads = 2")
        files = data / "events/esm/*/events.*.parquet"
        self.db.sql(f"""CREATE VIEW esm AS SELECT *, ts::TIMESTAMP - INTERVAL 8 HOUR AS t
            FROM read_parquet('{files}', union_by_name = true)""")
        (self.first, self.last, self.events), = self.db.sql(
            "SELECT min(t)::DATE, max(t)::DATE, count(*) FROM esm").fetchall()
        began = time.perf_counter()
        self.db.sql(f"""CREATE TABLE rollup AS
            SELECT date_trunc('hour', t) AS t, media_company, requestor_id, proxy, mvpd, platform, dc, {sums()}
            FROM esm GROUP BY ALL ORDER BY ALL""")
        self.rolled_up_in = time.perf_counter() - began

    def ask(self, table, values, columns, start, end):
        keys = ", ".join(WHEN.get(column, column) for column in columns)
        places = ", ".join(str(place + 1) for place in range(len(columns)))
        counted = " OR ".join(f"({when})" for when in [*COUNTS.values(), LATENCY])
        having = "" if table == "rollup" else f"HAVING bool_or({counted})"
        rows = self.db.sql(f"""SELECT {keys}, {values} FROM {table}
            WHERE media_company = 'acme' AND t >= '{start}' AND t < '{end}'
            GROUP BY {places} {having} ORDER BY {places} LIMIT 10000""")
        tokens = rows.columns.index("media-tokens")
        rows = rows.fetchall()
        return len(rows), sum(row[tokens] for row in rows)


def timed(ask, rounds):
    """The answer, and milliseconds: the first time; median and 95th percentile of further times."""
    began = time.perf_counter()
    answer = ask()
    first = time.perf_counter() - began
    warm = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        warm.append(time.perf_counter() - began)
    warm.sort()
    return answer, [1000 * it for it in (first, warm[len(warm) // 2], warm[(len(warm) * 95 + 99) // 100 - 1])]


def main(data, rounds):
    usher, duck = Usher(data), Duck(data)
    start, end = duck.first, duck.last + datetime.timedelta(days=1)
    print(f"{duck.events} entitlement events, {(end - start).days} days; "
          f"DuckDB {duckdb.__version__} rolled them up in {duck.rolled_up_in:.0f} s")
    print(f"{'':<30} {'':>6} {'usher, ms':>26} {'raw events':>10} {'roll-up, ms':>17} {'ratio of medians':>20}")
    print(f"{'question':<30} {'rows':>6} {'first':>8} {'p50':>8} {'p95':>8} {'p50':>10} {'p50':>8} {'p95':>8} "
          f"{'raw':>10} {'roll-up':>9}")
    summed = ", ".join(f'sum("{name}") AS "{name}"' for name in [*COUNTS, "authz-latency"])
    for name, path, columns, distinct in QUESTIONS:
        usher.hang_up()
        answer, (first, p50, p95) = timed(lambda: usher.ask(path, start, end), rounds)
        values = sums() + (", count(DISTINCT (mvpd, user_id))" if distinct else "")
        theirs, (_, raw, _) = timed(lambda: duck.ask("esm", values, columns, start, end), 3)
        ours = summary(answer)
        if ours != theirs:
            sys.exit(f"{name}: usher says {ours}, DuckDB {theirs}")
        line = f"{name:<30} {ours[0]:>6} {first:>8.1f} {p50:>8.1f} {p95:>8.1f} {raw:>10.0f}"
        if distinct:
            print(f"{line} {'–':>8} {'–':>8} {raw / p50:>9.0f}x {'–':>9}")
            continue
        _, (_, rolled, rolled_p95) = timed(lambda: duck.ask("rollup", summed, columns, start, end), rounds)
        print(f"{line} {rolled:>8.1f} {rolled_p95:>8.1f} {raw / p50:>9.0f}x {rolled / p50:>8.1f}x")


main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
