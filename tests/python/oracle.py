"""Answers SQL over event files: the oracle of the differential test.

Reads one JSON object per line: {"load": [files]} or {"sql": "..."}; writes one JSON value per line: the
rows, every value as text, or {"error": "..."}.
"""

import json
import sys

import duckdb

ESM = """
CREATE OR REPLACE TABLE esm AS
SELECT ts, event, latency_ms, decision_outcome, token_issued,
       make_timestamp(ts * 1000) - INTERVAL 8 HOUR AS t,
       mvpd || chr(1) || nullif(user_id, '') AS person, nullif(session_id, '') AS session,
       media_company, requestor_id, mvpd,
       {unknown},
       coalesce(nullif(nsdk_version, ''), if(nsdk = 'non-sdk', 'N/A', 'Unknown')) AS nsdk_version,
       coalesce(nullif(cdt, ''), if(event LIKE 'clientless-%', 'Unknown', 'N/A')) AS cdt,
       coalesce(nullif(platform_version, ''), if(event LIKE 'clientless-%', 'Unknown', 'N/A')) AS platform_version,
       coalesce(nullif(eap, ''), 'N/A') AS eap,
       coalesce(nullif(reason, ''), 'None') AS reason, coalesce(nullif(sso_type, ''), 'None') AS sso_type,
       coalesce(nullif(channel, ''), if(about, 'Unknown', 'N/A')) AS channel,
       coalesce(nullif(content_category, ''), if(about, 'Unknown', 'N/A')) AS content_category,
       coalesce(nullif(decision_type, ''), if(event = 'decision', 'Unknown', 'N/A')) AS decision_type
FROM (SELECT *, event LIKE 'authz-%' OR event LIKE 'media-token%' OR event LIKE 'preauthz-%'
                OR event = 'decision' AS about FROM raw WHERE media_company IS NOT NULL)
"""

UNKNOWN = """dc proxy platform nsdk device os_family browser_family browser_version application_name
application_version application_software_id customer_app api arch""".split()

CMU = """
CREATE OR REPLACE TABLE cmu AS
SELECT ts, event, make_timestamp(ts * 1000) - INTERVAL 8 HOUR AS t,
       mvpd || chr(1) || nullif(account, '') AS person, nullif(session_id, '') AS session, last_activity,
       tenant, mvpd, application_id,
       coalesce(nullif(application, ''), 'Unknown') AS application,
       coalesce(nullif(channel, ''), 'Unknown') AS channel,
       coalesce(nullif(platform, ''), 'Unknown') AS platform,
       event IN ('session-stopped', 'session-expired', 'session-dismissed', 'session-killed') AS is_end
FROM raw WHERE tenant IS NOT NULL
"""

# A stream from its first event to its last activity; it closes at its end, or just after its last activity.
STREAMS = """
CREATE OR REPLACE TABLE streams AS
SELECT *, greatest(first, coalesce(told, active, first)) AS last,
       coalesce(ended, greatest(first, coalesce(told, active, first)) + 1) AS closes
FROM (SELECT session, min(ts) AS first,
             max(ts) FILTER (event IN ('session-started', 'session-heartbeat')) AS active,
             min(ts) FILTER (is_end) AS ended,
             arg_min(if(event = 'session-stopped', ts, last_activity), ts) FILTER (is_end) AS told,
             any_value(person) AS person, any_value(tenant) AS tenant, any_value(mvpd) AS mvpd,
             any_value(application_id) AS application_id, any_value(application) AS application,
             any_value(channel) AS channel, any_value(platform) AS platform
      FROM cmu WHERE session IS NOT NULL AND event <> 'session-denied' GROUP BY session)
"""

# How long the stream lasted, beside its end.
LASTED = """
CREATE OR REPLACE TABLE cmu AS
SELECT cmu.*, if(is_end, last - first, NULL) AS lasted FROM cmu LEFT JOIN streams USING (session)
"""

# One row per stream and unit of so many minutes that it began.
UNITS = """
CREATE OR REPLACE TABLE units AS
SELECT unit, make_timestamp((first + nth * unit * 60000) * 1000) - INTERVAL 8 HOUR AS t,
       tenant, mvpd, application_id, application, channel, platform
FROM streams, unnest([15, 30, 45, 60, 75, 90, 105, 120]) AS u(unit),
     LATERAL (SELECT unnest(range(greatest(last - first - 1, 0) // (unit * 60000) + 1)) AS nth)
"""


def load(files):
    duckdb.sql(
        "CREATE OR REPLACE TABLE raw AS SELECT DISTINCT ON (event_id) * FROM "
        f"read_json({files}, format = 'newline_delimited', sample_size = -1, union_by_name = true)"
    )
    unknown = ", ".join(f"coalesce(nullif({it}, ''), 'Unknown') AS {it}" for it in UNKNOWN)
    duckdb.sql(ESM.format(unknown=unknown))
    for statement in [CMU, STREAMS, LASTED, UNITS]:
        duckdb.sql(statement)
    return [[str(duckdb.sql("SELECT count(*) FROM raw").fetchall()[0][0])]]


def answer(line):
    order = json.loads(line)
    try:
        if "load" in order:
            return load(order["load"])
        rows = duckdb.sql(order["sql"]).fetchall()
        return [[str(value) for value in row] for row in rows]
    except Exception as error:  # The test shows it and fails.
        return {"error": str(error)}


duckdb.sql("SET threads = 2")
for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
