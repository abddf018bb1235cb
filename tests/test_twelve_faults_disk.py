"""What is on disk when a transaction has returned: shown on the system calls of a process that commits once."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from house import ROOT
from tracing import read_trace, strace_command

COMMITS = """
import sys
from pathlib import Path
from store.sqlite import open_database
db = open_database(Path(sys.argv[1]), "edge")
with db.write():
    db.execute("INSERT INTO sites (name) VALUES ('rumah')")
Path(sys.argv[2]).write_text("returned")
"""


def test_a_transaction_returns_after_the_fsync_of_its_log(tmp_path: Path, need: Callable[[str], str]) -> None:
    need("strace")
    database, returned = tmp_path / "a.sqlite", tmp_path / "returned"
    command = strace_command(tmp_path / "trace", sys.executable, "-c", COMMITS, str(database), str(returned))
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
    calls = read_trace(tmp_path / "trace")
    (told,) = [call for call in calls if call.name == "write" and call.file == str(returned)]
    log = [call for call in calls if call.file.endswith("-wal") and call.ended < told.began]
    frames = [call for call in log if call.name == "pwrite64"]
    synced = [call for call in log if call.name in ("fdatasync", "fsync") and call.result == 0]
    assert frames
    assert [call for call in synced if call.began > frames[-1].ended]
