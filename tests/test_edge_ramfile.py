"""The small file in RAM: whole or not there, and nobody else's."""

from pathlib import Path

import orjson
import pytest

from edge.ramfile import RamFile, ram_folder


@pytest.fixture
def ram(tmp_path: Path) -> RamFile:
    (tmp_path / "run").mkdir()
    return RamFile(tmp_path, "live", {"RUNTIME_DIRECTORY": str(tmp_path / "run")})


def test_what_is_written_is_read(ram: RamFile) -> None:
    ram.write({"a": [1, None, "x"]})
    assert ram.read() == {"a": [1, None, "x"]}


def test_nothing_was_written_since_the_start(ram: RamFile) -> None:
    assert ram.read() is None
    ram.write({"a": 1})
    ram.remove()
    ram.remove()
    assert ram.read() is None


def test_what_is_not_ours_is_nothing(ram: RamFile, tmp_path: Path) -> None:
    ram.write({"a": 1})
    [path] = (tmp_path / "run").iterdir()
    for content in (b"{", b"[1]", b"\xff"):
        path.write_bytes(content)
        assert ram.read() is None


def test_a_new_content_replaces_the_old_in_one_step_and_leaves_nothing_behind(
    ram: RamFile, tmp_path: Path
) -> None:
    ram.write({"a": 1})
    [path] = (tmp_path / "run").iterdir()
    with path.open("rb") as reader:
        ram.write({"a": 2})
        assert orjson.loads(reader.read()) == {"a": 1}
    assert ram.read() == {"a": 2}
    assert list((tmp_path / "run").iterdir()) == [path]


def test_a_link_that_somebody_left_is_not_written_through(ram: RamFile, tmp_path: Path) -> None:
    ram.write({"a": 1})
    [path] = (tmp_path / "run").iterdir()
    prey = tmp_path / "prey"
    prey.write_text("dear")
    path.unlink()
    path.symlink_to(prey)
    ram.write({"a": 2})
    assert (prey.read_text(), ram.read()) == ("dear", {"a": 2})


def test_two_data_folders_on_one_machine_have_two_files(tmp_path: Path) -> None:
    environ = {"RUNTIME_DIRECTORY": str(tmp_path)}
    one, other = RamFile(tmp_path / "a", "live", environ), RamFile(tmp_path / "b", "live", environ)
    one.write({"a": 1})
    assert other.read() is None


def test_a_shell_without_systemd_s_word_finds_the_file_of_the_services(tmp_path: Path) -> None:
    folder, own = tmp_path / "service", tmp_path / "own"
    folder.mkdir()
    own.mkdir()
    RamFile(tmp_path, "sync", {"RUNTIME_DIRECTORY": str(folder)}).write({"a": 1})
    assert RamFile(tmp_path, "sync", {}, folder).read() == {"a": 1}
    assert RamFile(tmp_path, "sync", {"RUNTIME_DIRECTORY": str(own)}, folder).read() is None
    assert RamFile(tmp_path / "another", "sync", {}, folder).read() is None


def test_the_folder_is_systemd_s_first_one_or_shared_memory() -> None:
    assert ram_folder({"RUNTIME_DIRECTORY": "/run/kembar:/run/other"}) == Path("/run/kembar")
    assert ram_folder({}) == Path("/dev/shm")
