"""Pairings on disk: a cloud that is named has its token, a file that is not ours costs nobody else anything."""

import stat
from pathlib import Path

import orjson
import pytest

from edge.known import confirming, known
from edge.paired import FOLDER, MOST_FILES, Paired, PairedMistake, Pairing
from edge.settings import EdgeSettings

URL, OTHER = "https://cloud.example", "https://other.example"


class PowerLost(Exception):
    """Nothing after this is done."""


def settings(data_dir: Path, *urls: str) -> EdgeSettings:
    clouds = [{"url": url, "token": "t"} for url in urls]
    edge = {"name": "rumah", "data_dir": data_dir, "timezone": "Asia/Jakarta"}
    return EdgeSettings.model_validate(
        {"edge": edge, "link": [{"url": "udp://127.0.0.1:8485"}], "cloud": clouds}
    )


@pytest.fixture
def paired(tmp_path: Path) -> Paired:
    return Paired(tmp_path)


def only(paired: Paired, suffix: str) -> Path:
    (path,) = paired.folder.glob(f"*{suffix}")
    return path


def test_a_pairing_is_kept_with_its_token_readable_by_its_owner_alone(paired: Paired) -> None:
    paired.write(URL, "rumah", "secret")
    assert paired.found().pairings == (Pairing(URL, "rumah", 1),)
    assert paired.token(URL) == "secret"
    modes = [stat.S_IMODE(only(paired, suffix).stat().st_mode) for suffix in (".json", ".token")]
    assert modes == [0o640, 0o600]
    assert b"secret" not in only(paired, ".json").read_bytes()
    assert len(list(paired.folder.iterdir())) == 2


def test_a_cloud_that_is_paired_anew_keeps_its_place(paired: Paired) -> None:
    paired.write(URL, "rumah", "old")
    paired.write(OTHER, "kos", "other")
    paired.write(URL, "kos", "new")
    assert paired.found().pairings == (Pairing(URL, "kos", 1), Pairing(OTHER, "kos", 2))
    assert (paired.token(URL), paired.token(OTHER)) == ("new", "other")


@pytest.mark.parametrize("renames", [0, 1])
def test_power_that_is_lost_while_a_pairing_is_written_leaves_no_cloud_without_its_token(
    paired: Paired, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    done: list[Path] = []
    replace = Path.replace

    def lost(self: Path, target: Path) -> Path:
        if len(done) == renames:
            raise PowerLost
        done.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", lost)
    with pytest.raises(PowerLost):
        paired.write(URL, "rumah", "secret")
    monkeypatch.undo()
    assert paired.found() == paired.found().__class__()
    paired.write(URL, "rumah", "again")
    assert (paired.found().pairings, paired.token(URL)) == ((Pairing(URL, "rumah", 1),), "again")


def test_a_pairing_ends_with_the_file_that_names_it(paired: Paired) -> None:
    paired.write(URL, "rumah", "secret")
    paired.forget(URL)
    assert (paired.found().pairings, paired.token(URL), paired.holds(URL)) == ((), "secret", True)
    paired.forget_token(URL)
    paired.forget_token(URL)
    assert not paired.holds(URL)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b"\xff", b"{}", orjson.dumps({"url": OTHER, "site": "", "order": 1}),
     orjson.dumps({"url": URL, "site": 7, "order": 1}), orjson.dumps({"url": 7, "site": "", "order": 1}),
     orjson.dumps({"url": URL, "site": "", "order": "1"}), b'{"url": "' + b"x" * 9_000 + b'"}'],
)  # fmt: skip
def test_a_file_that_is_not_ours_is_named_and_the_other_cloud_stays(paired: Paired, content: bytes) -> None:
    paired.write(URL, "rumah", "secret")
    paired.write(OTHER, "kos", "other")
    broken = paired._path(URL, ".json")
    broken.write_bytes(content)
    found = known(settings(paired.folder.parent))
    assert found.urls == [OTHER]
    assert [each.about for each in found.mistakes] == [f"{FOLDER}/{broken.name}"]
    assert "remove it and pair again" in str(found.mistakes[0])


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (orjson.dumps({"url": OTHER, "token": "t"}), 0o600, "holds no token"),
        (orjson.dumps({"url": URL, "token": "two words"}), 0o600, "holds no token"),
        (orjson.dumps({"url": URL, "token": "t"}), 0o640, "chmod 600"),
        (b"{", 0o600, "pair again"),
        (None, 0o600, "makes a new one"),
    ],
)
def test_a_token_that_cannot_be_used_says_what_to_do(
    paired: Paired, content: bytes | None, mode: int, said: str
) -> None:
    paired.write(URL, "rumah", "secret")
    path = only(paired, ".token")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(PairedMistake, match=said):
        paired.token(URL)


def test_what_cannot_be_read_is_a_mistake_and_no_end(paired: Paired) -> None:
    paired.folder.write_text("a file, and no folder")
    (mistake,) = paired.found().mistakes
    assert "cannot be read" in str(mistake)
    paired.folder.unlink()
    paired.write(URL, "rumah", "secret")
    only(paired, ".json").unlink()
    paired._path(URL, ".json").mkdir()
    (mistake,) = paired.found().mistakes
    assert "cannot be read" in str(mistake)


def test_a_folder_full_of_files_is_a_mistake_and_is_not_read(paired: Paired) -> None:
    paired.write(URL, "rumah", "secret")
    for number in range(MOST_FILES):
        (paired.folder / f"{number}.txt").touch()
    assert [each.about for each in paired.found().mistakes] == [FOLDER]


def test_clouds_of_the_settings_come_first_and_keep_their_own_token(paired: Paired) -> None:
    paired.write(URL, "rumah", "of-the-pairing")
    paired.write(OTHER, "kos", "other")
    found = known(settings(paired.folder.parent, OTHER))
    assert [(cloud.url, cloud.read_token(), cloud.first) for cloud in found.clouds] == [
        (OTHER, "t", True),
        (URL, "of-the-pairing", False),
    ]
    assert "kembar-sync pair" in found.clouds[1].advice
    assert "settings" in found.clouds[0].advice


def test_what_must_be_confirmed_before_pruning_is_unknown_while_a_file_cannot_be_read(paired: Paired) -> None:
    here = settings(paired.folder.parent, OTHER)
    assert confirming(here) == [OTHER]
    paired.write(URL, "rumah", "secret")
    assert confirming(here) == [OTHER, URL]
    only(paired, ".json").write_text("{")
    assert confirming(here) is None
