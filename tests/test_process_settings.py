"""Settings files: all mistakes at once, told so that they can be corrected; secrets kept."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import Field, TypeAdapter

from process.fields import Address, Name, WithToken, WritableFolder, split_address
from process.settings import Here, SettingsMistakes, Table, read_settings

TOKEN = "0123456789abcdef"
NOBODY = 65_534
FOLDER = TypeAdapter(WritableFolder)


class House(Table):
    name: Name = Field(description="a short name")
    data_dir: WritableFolder = Field(description="a folder")
    listen: Address = Field(default="127.0.0.1:1", description="host:port")


class Cloud(WithToken):
    url: str = Field(description="an address")


class Settings(Table):
    house: House = Field(description="the table [house]")
    cloud: list[Cloud] = Field(default=[], max_length=2, description="up to 2 tables [[cloud]]")


def write(path: Path, content: str) -> Path:
    file = path / "settings.toml"
    file.write_text(content)
    return file


def mistakes(file: Path, secrets: bool = False) -> list[str]:
    with pytest.raises(SettingsMistakes) as told:
        read_settings(file, Settings, secrets=secrets)
    return [str(each) for each in told.value.mistakes]


def test_every_mistake_is_told_at_once_with_key_value_and_what_was_expected(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        f"""
        surplus = 3
        [house]
        name = "Rumah Kita"
        lisen = "x"
        listen = 8480
        [[cloud]]
        url = 7
        token = "{TOKEN}"
        [[cloud]]
        token = "two words"
        """,
    )
    assert sorted(mistakes(file)) == [
        "[[cloud]] 1, url = 7: expected an address",
        "[[cloud]] 2, token = (not shown): it is not a word of 1 to 1024 printable characters; "
        "expected the token itself, one word; 16 characters or more resist guessing",
        "[[cloud]] 2, url: is missing; expected an address",
        "[house] data_dir: is missing; expected a folder",
        "[house] lisen = \"x\": no such key; expected listen",
        "[house] listen = 8480: expected host:port",
        "[house] name = \"Rumah Kita\": not a name that fits into lines and addresses; expected a short name",
        "[surplus] = 3: no such key; expected one of cloud, house",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("house = 3", "[house] = 3: expected the table [house]"),
        ("[house", "file: Expected ']' at the end of a table declaration (at end of document)"),
        ("", "[house]: is missing; expected the table [house]"),
    ],
)
def test_a_file_of_the_wrong_form_is_told(tmp_path: Path, content: str, told: str) -> None:
    assert mistakes(write(tmp_path, content))[0].startswith(told)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = write(tmp_path, "\ufeff" + '[house]\nname="a"\ndata_dir="d"\n')
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_settings(file, Settings).house.name == "a"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "none.toml")[0].startswith("file: No such file or directory")


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    file = write(
        tmp_path, '[house]\nname="a"\ndata_dir="d"\n[[cloud]]\nurl="u"\ntoken="se cret"\ntoken_env="X"\n'
    )
    with pytest.raises(SettingsMistakes) as told:
        read_settings(file, Settings)
    assert "cret" not in str(told.value)
    assert "cret" not in repr(told.value.mistakes)


def settings_with(tmp_path: Path, line: str) -> Path:
    return write(tmp_path, f'[house]\nname="a"\ndata_dir="data"\n[[cloud]]\nurl="u"\n{line}\n')


def test_relative_paths_start_at_the_settings_file(tmp_path: Path) -> None:
    read = read_settings(settings_with(tmp_path, f'token="{TOKEN}"'), Settings)
    assert read.house.data_dir == tmp_path / "data"
    assert read.house.data_dir.is_dir()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    told = mistakes(settings_with(tmp_path, f'token="{TOKEN}"'))
    assert told == ['[house] data_dir = "data": cannot be made: File exists; expected a folder']


def test_looking_at_the_machine_can_be_left_out(tmp_path: Path) -> None:
    file = settings_with(tmp_path, f'token="{TOKEN}"')
    assert not read_settings(file, Settings, machine=False).house.data_dir.exists()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_token_may_come_from_a_file_of_its_owner_only(tmp_path: Path, mode: int) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "token").chmod(mode)
    read = read_settings(settings_with(tmp_path, 'token_file="token"'), Settings, secrets=True)
    assert read.cloud[0].read_token() == TOKEN


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_token_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(mode)
    told = mistakes(settings_with(tmp_path, 'token_file="token"'), secrets=True)
    assert len(told) == 1
    assert f"others than its owner may use it (mode {mode:04o}): chmod 600" in told[0]


@pytest.mark.parametrize("content", ["", TOKEN + " " + TOKEN, TOKEN + "\n" + TOKEN, "é" * 20, "a" * 1025])
def test_a_file_that_holds_no_token_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)
    (tmp_path / "token").chmod(0o600)
    assert (
        "what it holds is not a word of 1 to 1024"
        in mistakes(settings_with(tmp_path, 'token_file="token"'), secrets=True)[0]
    )


def test_a_token_may_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"CLOUD_TOKEN": TOKEN}
    file = settings_with(tmp_path, 'token_env="CLOUD_TOKEN"')
    read = read_settings(file, Settings, secrets=True, environ=environ)
    assert read.cloud[0].read_token(environ) == TOKEN


def test_a_process_that_needs_no_secret_looks_at_none(tmp_path: Path) -> None:
    assert read_settings(settings_with(tmp_path, 'token_file="/nowhere"'), Settings).cloud[0].token is None


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("", "token_env: no token is given"),
        (f'token="{TOKEN}"\ntoken_env="HOME"', 'token_env = "HOME": more than one token is given'),
        ('token_file="/nowhere"', 'token_file = "/nowhere": cannot be read: No such file or directory'),
        ('token_env="NOT_THERE"', 'token_env = "NOT_THERE": there is no such variable in the environment'),
    ],
)
def test_exactly_one_token_is_demanded(tmp_path: Path, lines: str, told: str) -> None:
    assert [each[: len(told) + 14] for each in mistakes(settings_with(tmp_path, lines), secrets=True)] == [
        f"[[cloud]] 1, {told};"
    ]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8480", ("127.0.0.1", 8480)),
        ("[::1]:0", ("::1", 0)),
        ("pi.local:65535", ("pi.local", 65_535)),
    ],
)
def test_an_address_is_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert split_address(text) == address


@pytest.mark.parametrize(
    "text", ["", ":80", "8480", "host", "host:", "host:65536", "host:-1", "::1:80", "host:1_0", "host:²"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="port"):
        split_address(text)


@pytest.fixture
def nobody() -> Iterator[None]:
    """Root may write anywhere, so for a moment this process is a user without rights."""
    real, effective, saved = os.getresuid()
    if real == 0:
        os.setresuid(NOBODY, NOBODY, 0)
    yield
    os.setresuid(real, effective, saved)


def test_a_folder_without_the_right_to_write_is_told(nobody: None) -> None:
    with pytest.raises(ValueError, match="this user may not write there"):
        FOLDER.validate_python(Path("/usr"), context=Here(Path("/"), {}, secrets=False, machine=True))
