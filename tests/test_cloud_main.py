"""The command kembar-cloud: mistakes end it with one clear message and the right exit code."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hosted import hosted

from cloud.asides import asides
from cloud.connections import connections_to
from cloud.main import parser
from cloud.watch import Watch

ROOT = Path(__file__).parent.parent
GOOD = '[cloud]\nlisten = "{listen}"\ndatabase = "sqlite:///{folder}/cloud.db"\n[[site]]\nname = "rumah"\n'
TOKEN = 'token = "a-token-of-the-house"\n'


def serve(folder: Path, text: str, listen: str = "127.0.0.1:0") -> tuple[int, str]:
    """Exit code and what was said, of a process of its own: it sets signal handlers and the log."""
    path = folder / "cloud.toml"
    path.write_text(text.format(listen=listen, folder=folder))
    start = "import sys; from cloud.main import main; sys.exit(main())"
    argv = [sys.executable, "-c", start, "serve", "--config", str(path)]
    ended = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stderr


def test_it_wants_a_command_and_a_config() -> None:
    for argv in ([], ["serve"], ["dance", "--config", "x"]):
        with pytest.raises(SystemExit) as end:
            parser().parse_args(argv)
        assert end.value.code == 2


def test_a_mistake_in_the_settings_is_told_with_exit_code_2(tmp_path: Path) -> None:
    code, said = serve(tmp_path, GOOD + TOKEN + "colour = 1\n")
    assert code == 2
    assert "colour" in said


def test_two_sites_with_one_token_are_told(tmp_path: Path) -> None:
    code, said = serve(tmp_path, GOOD + TOKEN + '[[site]]\nname = "kos"\n' + TOKEN)
    assert code == 1
    assert "same token" in said


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "cloud.db").write_bytes(b"not a database" * 1000)
    code, said = serve(tmp_path, GOOD + TOKEN)
    assert code == 1
    assert "put it aside" in said


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with hosted(tmp_path / "other.db") as other:
        code, said = serve(tmp_path, GOOD + TOKEN, other.url.removeprefix("http://"))
    assert code == 1
    assert "another program already uses this port" in said


def test_a_database_that_cannot_be_written_takes_no_page_away(tmp_path: Path) -> None:
    connections = connections_to(f"sqlite:///{tmp_path / 'cloud.db'}")
    db = connections.mine()
    try:
        db.execute("PRAGMA query_only = ON")
        watch = Watch(connections, lambda: 1_795_168_800_000)
        watch.look(1)
        assert asides(db, 1, 1_795_168_800_000).watch_s == 0
    finally:
        connections.close()


def test_every_thread_has_a_connection_of_its_own(tmp_path: Path) -> None:
    connections, seen = connections_to(f"sqlite:///{tmp_path / 'cloud.db'}"), []
    threads = [threading.Thread(target=lambda: seen.append(connections.mine())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen += [connections.mine(), connections.mine()]
    connections.close()
    assert (len(set(seen[:3])), seen[2] is seen[3]) == (3, True)
