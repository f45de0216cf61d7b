#!/usr/bin/env python3
"""Makes a small house a large one: copies a profile of prepare.py to many other devices.

usage: profiles.py DATA_DIRECTORY COUNT MODEL

Copies that of the device MODEL until there are COUNT. The server must not run. Prints the bytes that one
copy takes on disk, and writes the devices, in no order, as values of AP-Device-Identifier to
DATA_DIRECTORY/bench-devices.
"""

import base64
import pathlib
import random
import sqlite3
import sys
import uuid

LISTED_MAX = 200_000
# What prepare.py made.
MODELS = 2


def size(database, path):
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def main():
    data, count, device = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
    path = data / "usher.db"
    database = sqlite3.connect(path)
    columns = [row[1] for row in database.execute("PRAGMA table_info(profile)")]
    [model] = database.execute(
        f"SELECT {', '.join(columns)} FROM profile WHERE device = ?", (device,)
    ).fetchall()
    row = dict(zip(columns, model))
    have = database.execute("SELECT COUNT(*) FROM profile").fetchone()[0] - MODELS
    names = random.Random(have)
    before = size(database, path)
    insert = f"INSERT INTO profile ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"

    def rows():
        for number in range(have, count):
            device = f"device-{number:08}".encode()
            own = {
                "device": device,
                "id": base64.urlsafe_b64encode(names.randbytes(16)).decode().rstrip("="),
                "session_id": str(uuid.UUID(bytes=names.randbytes(16))),
                "user_id": f"viewer-{number}",
            }
            yield tuple({**row, **own}[column] for column in columns)

    with database:
        database.executemany(insert, rows())
    print(f"{(size(database, path) - before) / max(count - have, 1):.0f}")
    listed = names.sample(range(count), min(count, LISTED_MAX))
    text = "".join(
        "fingerprint " + base64.b64encode(f"device-{number:08}".encode()).decode() + "\n"
        for number in listed
    )
    (data / "bench-devices").write_text(text)


main()
