"""How an edge waits for its token: at which times it asks, what ends it, which answers it believes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from answering import saying, server

from sync.failure import Unreachable
from sync.granting import MOST_INTERVAL_S, Granting, Refused, TooLate, Wish
from sync.uplink import Uplink

WISH = Wish("device", "BCDF-GHJK", "https://a.example/pair", "https://a.example/pair?code=BCDF-GHJK", 600, 5)
TOLD = {
    "device_code": "device",
    "user_code": "BCDF-GHJK",
    "verification_uri": WISH.page,
    "verification_uri_complete": WISH.link,
    "expires_in": 600,
    "interval": 5,
}
PENDING, SLOW_DOWN = "authorization_pending", "slow_down"
GRANTED = {"access_token": "token", "token_type": "Bearer", "site": "rumah", "title": "Rumah\x1b[2J Ibu"}


@dataclass
class Line:
    """An uplink whose answers the test gives, under a clock that only waiting moves."""

    answers: list[tuple[int, Mapping[str, Any]] | Unreachable]
    now_s: float = 0.0
    asked_s: list[float] = field(default_factory=list)
    fields: list[Mapping[str, str]] = field(default_factory=list)

    def form(self, _path: str, fields: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        self.asked_s.append(self.now_s)
        self.fields.append(fields)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Unreachable):
            raise answer
        return answer[0], {}, orjson.dumps(answer[1])

    def wait(self, seconds: float) -> bool:
        self.now_s += seconds
        return False

    def granted(self, old_token: str | None = None, wait: Callable[[float], bool] | None = None) -> Any:
        granting = Granting(self)  # type: ignore[arg-type]
        return granting.granted(WISH, old_token, wait or self.wait, lambda: self.now_s)


def refusal(word: str, status: int = 400) -> tuple[int, Mapping[str, Any]]:
    return status, {"error": word, "error_description": "why"}


def test_it_asks_at_the_interval_and_five_seconds_more_slowly_each_time_it_is_told_to() -> None:
    line = Line([refusal(PENDING), refusal(SLOW_DOWN), refusal(PENDING), refusal(SLOW_DOWN), (200, GRANTED)])
    granted = line.granted("old")
    assert line.asked_s == [5, 10, 20, 30, 45]
    assert (granted.token, granted.site, granted.title) == ("token", "rumah", "Rumah[2J Ibu")
    assert {each["old_token"] for each in line.fields} == {"old"}


@pytest.mark.parametrize(
    "failure", [Unreachable("no connection"), refusal("busy", 503), refusal(SLOW_DOWN, 429)]
)
def test_a_bad_line_makes_it_slower_and_ends_nothing(failure: Any) -> None:
    line = Line([failure, failure, (200, GRANTED)])
    assert line.granted().token == "token"
    assert line.asked_s == [5, 15, 30]


def test_it_waits_no_longer_than_the_code_is_good_and_never_becomes_too_slow() -> None:
    line = Line([Unreachable("no connection")])
    with pytest.raises(TooLate, match="nobody confirmed the code BCDF-GHJK"):
        line.granted()
    gaps = [later - earlier for earlier, later in zip(line.asked_s, line.asked_s[1:], strict=False)]
    assert max(gaps) == MOST_INTERVAL_S
    assert line.asked_s[-1] <= WISH.expires_s + MOST_INTERVAL_S


@pytest.mark.parametrize("word", ["access_denied", "expired_token", "invalid_grant", "something_new"])
def test_any_other_word_ends_it(word: str) -> None:
    line = Line([refusal(PENDING), refusal(word)])
    with pytest.raises(Refused, match="why") as refused:
        line.granted()
    assert refused.value.word == word


def test_whoever_gives_up_is_not_kept_waiting() -> None:
    line = Line([refusal(PENDING)])
    with pytest.raises(TooLate):
        line.granted(wait=lambda _seconds: True)
    assert line.asked_s == []


@pytest.mark.parametrize("token", [None, "", "two words", "x" * 1_025, 7])
def test_an_answer_without_a_token_is_asked_for_again(token: object) -> None:
    line = Line([(200, {**GRANTED, "access_token": token}), (200, GRANTED)])
    assert line.granted().token == "token"


def test_the_answer_of_rfc_8628_is_believed_and_no_other() -> None:
    assert wish(TOLD) == WISH
    assert wish({**TOLD, "verification_uri_complete": None}).link == WISH.page
    assert wish({**TOLD, "expires_in": 10**9, "interval": 0}) == Wish(
        WISH.device_code, WISH.user_code, WISH.page, WISH.link, 3_600, 1
    )
    for key, value in (
        ("user_code", "\x1b[2J"), ("user_code", 7), ("device_code", ""), ("expires_in", "soon"),
        ("verification_uri", "javascript:alert(1)"), ("verification_uri_complete", "https://a b"),
    ):  # fmt: skip
        with pytest.raises(Unreachable, match="not that of a pairing"):
            wish({**TOLD, key: value})


def wish(told: Mapping[str, Any]) -> Wish:
    return Granting(Line([(200, told)])).wish("rumah", "0.1.0")  # type: ignore[arg-type]


def test_a_cloud_where_too_many_wait_says_so() -> None:
    with pytest.raises(Refused, match="429"):
        Granting(Line([refusal(SLOW_DOWN, 429)])).wish("rumah", "0.1.0")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "failure", "said"), [(200, Unreachable, "is this the address"), (404, Refused, "404")]
)
def test_a_page_that_is_no_cloud_of_ours_is_told_over_real_http(
    status: int, failure: type[Exception], said: str
) -> None:
    with (
        server(saying(status, b"<html>")) as url,
        Uplink(url, None) as uplink,
        pytest.raises(failure, match=said),
    ):
        Granting(uplink).wish("rumah", "0.1.0")


def test_who_has_no_token_yet_sends_none() -> None:
    seen: list[dict[str, str]] = []
    answer = saying(200, orjson.dumps(TOLD))

    def respond(handler: Any) -> None:
        seen.append({"body": handler.body.decode(), **handler.headers})
        answer(handler)

    with server(respond) as url, Uplink(url, None) as uplink:
        Granting(uplink).wish("rumah", "0.1.0")
    (asked,) = seen
    assert "Authorization" not in asked
    assert asked["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked["body"] == "client_id=kembar-edge&edge=rumah&version=0.1.0"
