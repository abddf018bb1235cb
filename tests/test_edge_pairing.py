"""Pairing from the wish to the last reading: the commands and `kembar-sync run` against a real hosted site."""

from contextlib import closing
from pathlib import Path

import pytest
from pairinghouse import BEGUN_MS, PATIENCE_S, Home, until
from processes import Program, command

from cloud import pairing
from edge import pairing_commands
from edge.clock import Instant
from edge.collect import _pruning
from edge.paired import MOST_PAIRED, Paired
from edge.pairing_commands import Here, PairingCommands
from edge.status import is_running
from edge.tally import Tally
from metering.quantity import DAY_MS
from process.service import CannotGoOn
from store.clouds import Clouds
from store.sqlite import open_database

pytest_plugins = ("conftest_pairing",)


def test_a_pairing_that_is_confirmed_sends_without_a_restart(home: Home) -> None:
    home.record(500)
    with home.sending():
        until(lambda: is_running(home.settings))
        assert home.pair() == 0
        until(home.all_arrived)
        until(lambda: home.state() == "ok")
    assert "paired with Rumah Ibu" in home.said.getvalue()
    assert "is not running" not in home.said.getvalue()
    (token,) = home.tokens()
    assert token.seen_ms is not None


def test_a_rotation_loses_nothing_and_ends_the_old_token(home: Home) -> None:
    home.record(300)
    home.pair()
    assert "kembar-sync run is not running" in home.said.getvalue()
    old = Paired(home.data_dir).token(home.cloud.url)
    with home.sending():
        until(home.all_arrived)
        home.record(300)
        assert home.command("rotate") == 0
        home.record(300)
        until(home.all_arrived)
        until(lambda: home.state() == "ok")
    assert home.cloud.post("/api/v1/streams/cursors", b"[]", old).status_code == 401
    assert len(home.tokens()) == 1
    with closing(open_database(home.data_dir / "kembar.sqlite", "edge")) as db:
        assert Clouds(db).count() == 1


def test_a_revoked_edge_is_told_to_pair_again_and_then_sends_the_rest(home: Home) -> None:
    home.record(300)
    home.pair()
    with home.sending():
        until(home.all_arrived)
        home.revoke_all()
        home.record(300)
        until(lambda: home.state() == "not-admitted")
        told = home.told()[home.cloud.url]
        assert f"pair again: kembar-sync pair {home.cloud.url}" in (told.reason or "")
        assert (told.backlog_rows, told.refused_rows) == (300, 0)
        assert home.pair() == 0
        until(home.all_arrived)
        until(lambda: home.state() == "ok")


def test_a_wrong_token_of_the_settings_is_corrected_in_the_settings(home: Home) -> None:
    home.write_settings(f'[[cloud]]\nurl = "{home.cloud.url}"\ntoken = "not-the-token-of-it"\n')
    home.record(1)
    with home.sending():
        until(lambda: home.state() == "not-admitted")
        assert "correct the token in the settings" in (home.told()[home.cloud.url].reason or "")
    assert home.pair() != 0
    assert home.tokens() == []


def test_pairing_with_the_same_home_again_keeps_what_is_known_of_the_cloud(home: Home) -> None:
    home.record(300)
    home.pair()
    with home.sending():
        until(home.all_arrived)
        until(lambda: home.state() == "ok")
    assert home.pair() == 0
    with closing(open_database(home.data_dir / "kembar.sqlite", "edge")) as db:
        assert Clouds(db).acknowledged(1)[0] == {1: 300}
    assert len(home.tokens()) == 1, "the first use of the new token ended the old one"


def test_what_another_home_confirmed_does_not_count_for_this_one(home: Home) -> None:
    home.record(300)
    home.pair()
    with home.sending():
        until(home.all_arrived)
        until(lambda: home.state() == "ok")
    assert home.pair("kos") == 0
    assert [len(home.tokens(site)) for site in (1, 2)] == [0, 1], (
        "the token of the home that was left is over"
    )
    with closing(open_database(home.data_dir / "kembar.sqlite", "edge")) as db:
        assert Clouds(db).acknowledged(1)[0] == {}
    with home.sending():
        until(lambda: home.arrived(2) == list(range(1, 301)))


def test_unpairing_revokes_the_token_and_ends_the_sending(home: Home) -> None:
    home.record(10)
    home.pair()
    with home.sending():
        until(home.all_arrived)
        assert home.command("unpair") == 0
        until(lambda: home.told() == {})
    assert home.tokens() == []
    assert list(Paired(home.data_dir).folder.iterdir()) == []
    assert home.command("unpair") != 0
    assert home.command("rotate") != 0


def test_a_token_that_was_revoked_at_the_cloud_is_given_up_without_a_word(home: Home) -> None:
    home.pair()
    home.revoke_all()
    assert home.command("rotate") == 1
    assert home.command("unpair") == 0
    assert "not revoked" not in home.said.getvalue()


def test_unpairing_without_the_cloud_says_what_is_left_to_do(tmp_path: Path, home: Home) -> None:
    Paired(home.data_dir).write("https://127.0.0.1:9", "rumah", "secret")
    assert home.commands(lambda: True).unpair("https://127.0.0.1:9/") == 0
    assert "not revoked there" in home.said.getvalue()
    assert list(Paired(home.data_dir).folder.iterdir()) == []


def test_power_lost_between_the_token_and_the_name_leaves_one_good_token_after_the_next_pairing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(self: Paired, *_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Paired, "_write", _only_tokens(Paired._write, lost))
    with pytest.raises(KeyboardInterrupt):
        home.pair()
    monkeypatch.undo()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(home.data_dir.parent))
    assert Paired(home.data_dir).found().pairings == ()
    assert len(home.tokens()) == 1
    home.record(10)
    assert home.pair() == 0
    with home.sending():
        until(home.all_arrived)
    (token,) = home.tokens()
    assert token.seen_ms is not None


def _only_tokens(write: object, lost: object) -> object:
    def written(self: Paired, path: Path, *rest: object) -> None:
        (write if path.suffix == ".token" else lost)(self, path, *rest)  # type: ignore[operator]

    return written


def test_files_that_cannot_be_read_stop_their_own_cloud_and_no_other(home: Home) -> None:
    home.record(10)
    home.pair()
    paired, other = Paired(home.data_dir), "https://127.0.0.1:9"
    with home.sending():
        until(home.all_arrived)
        paired.write(other, "kos", "secret")
        until(lambda: home.state(other) != "")
        broken = paired._path(other, ".json")
        broken.write_text("{")
        until(lambda: home.state(f"paired/{broken.name}") == "off")
        until(lambda: home.state(other) == "")
        token = paired._path(home.cloud.url, ".token")
        token.chmod(0o644)
        until(lambda: home.state() == "off")
        assert "chmod 600" in (home.told()[home.cloud.url].reason or "")
        home.record(10)
        token.chmod(0o600)
        broken.unlink()
        until(home.all_arrived)
        until(lambda: set(home.told()) == {home.cloud.url})


def test_root_does_not_write_what_the_service_could_not_read(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = home.data_dir.stat().st_uid
    stranger = PairingCommands(
        home.settings, Here(lambda _s: True, "kembar-sync as typed", uid=lambda: mine + 1)
    )
    home.pair()
    monkeypatch.setattr(pairing_commands, "SERVICE_USER", "no-such-user-here")
    for each in (stranger.pair, stranger.unpair, stranger.rotate):
        with pytest.raises(CannotGoOn, match=r"sudo -u \S+ kembar-sync as typed"):
            each(home.cloud.url)


def test_more_clouds_than_four_are_not_paired(home: Home) -> None:
    for number in range(MOST_PAIRED):
        Paired(home.data_dir).write(f"https://{number}.example", "", "secret")
    assert home.pair() != 0
    assert home.tokens() == []


def test_nothing_is_pruned_that_a_paired_cloud_lacks_or_while_its_file_cannot_be_read(home: Home) -> None:
    home.record(10)
    home.pair()
    later = Instant(0, BEGUN_MS + 500 * DAY_MS, "era")
    with closing(open_database(home.data_dir / "kembar.sqlite", "edge")) as db:
        with db.write():
            db.execute("INSERT INTO boots VALUES (1, 0, 0, 0)")

        def left() -> int:
            """Rows after one more slice of a collector that starts now."""
            _pruning(db, home.settings, Tally()).tick(later)
            return int(db.execute("SELECT count(*) FROM readings").fetchone()[0])

        assert left() == 10
        Clouds(db).note(Clouds(db).number(home.cloud.url), {1: 10}, 0, BEGUN_MS)
        broken = Paired(home.data_dir).folder / "0a.json"
        broken.write_text("{")
        assert left() == 10
        broken.unlink()
        assert left() == 0


def test_real_processes_pair_and_send_until_they_are_unpaired(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "INTERVAL_S", 1)
    home.record(200)
    options = ("--config", home.config)
    with (
        Program("run", command("kembar-sync", "run", *options), tmp_path) as run,
        Program("pair", command("kembar-sync", "pair", home.cloud.url, *options), tmp_path) as pair,
    ):
        run.start().wait_for("replaying to 0 cloud(s)")
        pair.start().wait_for("Waiting for somebody")
        home.decide("rumah")
        assert pair.wait(PATIENCE_S) == 0
        until(home.all_arrived)
        assert home.command("unpair") == 0
        run.wait_for("any more")
        assert run.stop() == 0
