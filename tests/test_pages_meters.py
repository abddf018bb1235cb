"""The pages of meters: what is typed is checked, kept as a change, and seen everywhere; nothing else is."""

import re
from collections.abc import Callable

import pytest
import requests
from filled_house import NOW_MS, FilledHouse, live_value

from metering.profile import Limit, Profile
from metering.reading import Meter

pytest_plugins = ("conftest_pages",)

GARAGE = Meter("garage", 1)
Serve = Callable[[FilledHouse], str]


def post(url: str, meter: str = "garage/1", **fields: str) -> requests.Response:
    data = {name.replace("__", "-"): value for name, value in fields.items()}
    return requests.post(f"{url}/meter?meter={meter}", data=data, timeout=9, allow_redirects=False)


def profile(house: FilledHouse) -> Profile:
    with house.history() as history:
        return history.profiles().get(GARAGE, Profile())


def test_what_is_typed_is_kept_and_shown_again(fresh_house: FilledHouse, serve: Serve) -> None:
    url = serve(fresh_house)
    answer = post(
        url, name="  AC   kamar ", room="Kamar depan", colour="2", phase="L1", voltage_mv__low="198",
        voltage_mv__high="231,5", current_ma__high="3,50",
    )  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, "/meter?meter=garage%2F1&saved=1")
    limits = {"voltage_mv": Limit(198_000, 231_500), "current_ma": Limit(high=3_500)}
    assert profile(fresh_house) == Profile("AC kamar", "Kamar depan", 2, "L1", limits)
    page = requests.get(f"{url}/meter?meter=garage/1", timeout=9).text
    assert all(f'value="{text}"' in page for text in ("AC kamar", "Kamar depan", "198", "231,5", "3,5"))
    for path in ("/", "/meters", "/history?meter=garage/1"):
        assert "AC kamar" in requests.get(url + path, timeout=9).text, path
    [meter] = requests.get(f"{url}/api/v1/meters", timeout=9).json()["meters"]
    assert (meter["meter"], meter["name"], meter["colour"], meter["phase"]) == (
        "garage/1",
        "AC kamar",
        2,
        "L1",
    )
    assert meter["limits"] == {"voltage_v": [198.0, 231.5], "current_a": [None, 3.5]}


def test_a_renamed_meter_keeps_its_history(fresh_house: FilledHouse, serve: Serve) -> None:
    url = serve(fresh_house)
    before = requests.get(f"{url}/api/v1/energy?meter=garage/1&period=day", timeout=9).json()
    for name in ("Pompa", "Pompa air"):
        post(url, name=name)
    assert requests.get(f"{url}/api/v1/energy?meter=garage/1&period=day", timeout=9).json() == before
    assert profile(fresh_house).name == "Pompa air"


def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_kept(
    fresh_house: FilledHouse, serve: Serve
) -> None:
    answer = post(
        serve(fresh_house), name="Rumah", power_mw__low="900", power_mw__high="800", voltage_mv__low="abc",
        frequency_mhz__high="9.999",
    )  # fmt: skip
    assert answer.status_code == 422
    for sentence in (
        "Batas bawah harus lebih kecil daripada batas atas.",
        "Ini bukan angka.",
        "Meter hanya bisa menunjukkan 0 sampai 6.553,5.",
        "Belum disimpan: 3 isian perlu dibetulkan.",
    ):
        assert sentence in answer.text
    assert len(re.findall('aria-invalid="true"', answer.text)) == 3
    assert 'value="abc"' in answer.text, "what was typed stays"
    assert profile(fresh_house) == Profile()


def test_a_disk_that_refuses_costs_nothing_that_was_typed(fresh_house: FilledHouse, serve: Serve) -> None:
    fresh_house.refuses = True
    answer = post(serve(fresh_house), name="Rumah Ibu")
    assert answer.status_code == 503
    assert "Belum tersimpan" in answer.text
    assert 'value="Rumah Ibu"' in answer.text


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_page_of_another_site_changes_nothing(
    fresh_house: FilledHouse, serve: Serve, headers: dict[str, str]
) -> None:
    answer = requests.post(
        f"{serve(fresh_house)}/meter?meter=garage/1", data={"name": "x"}, headers=headers, timeout=9
    )
    assert answer.status_code == 403
    assert profile(fresh_house) == Profile()


def test_a_form_has_a_bound_and_a_meter_must_exist(fresh_house: FilledHouse, serve: Serve) -> None:
    url = serve(fresh_house)
    assert post(url, name="n" * 9_000).status_code == 413
    assert post(url, meter="nobody/1", name="n").status_code == 404
    assert requests.get(f"{url}/meter", timeout=9).status_code == 400


def test_a_value_beyond_its_limit_is_judged_and_a_stale_one_is_not(
    fresh_house: FilledHouse, serve: Serve
) -> None:
    fresh_house.frozen = True
    fresh_house.live = [live_value(NOW_MS)]
    url = serve(fresh_house)
    post(url, current_ma__high="3,5", power_mw__high="1200", voltage_mv__low="198")
    [meter] = requests.get(f"{url}/api/v1/latest", timeout=9).json()["meters"]
    assert meter["judged"] == {
        "current": {"verdict": "over", "limit": 3.5},
        "power": {"verdict": "near-over", "limit": 1200.0},
    }
    page = requests.get(f"{url}/", timeout=9).text
    assert "Di atas batas 3,50\u00a0A" in page
    assert "Dekat batas 1.200\u00a0W" in page
    assert "1 di luar batas" in page
    fresh_house.still_ms += 60_000
    [meter] = requests.get(f"{url}/api/v1/latest", timeout=9).json()["meters"]
    assert (meter["stale"], meter["judged"]) == (True, {})


def test_how_often_it_was_beyond_lately_is_told(fresh_house: FilledHouse, serve: Serve) -> None:
    url = serve(fresh_house)
    post(url, power_mw__high="900")
    page = requests.get(f"{url}/meter?meter=garage/1", timeout=9).text
    found = re.search(r"Dalam 7 hari terakhir Daya di luar batas ini (\d+) kali, paling lama ([^.]+)\.", page)
    assert found
    assert int(found[1]) > 3


def test_a_field_that_does_not_come_stays_as_it_is(fresh_house: FilledHouse, serve: Serve) -> None:
    url = serve(fresh_house)
    post(url, name="AC kamar", current_ma__high="3,5")
    requests.post(
        f"{url}/meter?meter=garage/1", data=b"hello", headers={"Content-Type": "text/plain"}, timeout=9
    )
    post(url, room="Dapur")
    assert profile(fresh_house) == Profile("AC kamar", "Dapur", None, "", {"current_ma": Limit(high=3_500)})
    post(url, current_ma__high="")
    assert profile(fresh_house).limits == {}
