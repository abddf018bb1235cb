"""A bad line between real edge and real cloud: each way of failing is met, told, and costs nothing."""

from pathlib import Path

from eavesdrop import Eavesdropper
from faultproxy import NO_TROUBLE, Fault, Trouble
from outcome import judge, produced
from processes import wait_until
from realhouse import RealHouse

SEED = 4
# A commit, and so a batch, every 3 s: each fault meets one soon.
RATE_PER_S = "150"
# The pauses between attempts grow to 2, 4, 8 s; a half-open connection is held for 5 s.
FLOWS_S, MET_S = 60.0, 30.0
# A clock whose rate is not known yet is learnt within 40 s.
DATED_S = 60.0
FLOWED_LEAST = 500
SLOW = Trouble(latency_s=0.1, bytes_per_s=40_000)
TOLD_AS = {
    Fault.HALF_OPEN: "no connection",
    Fault.RESET_REQUEST: "no connection",
    Fault.LATE_REQUEST: "no connection",
    Fault.LOST_ANSWER: "no connection",
    Fault.RESET_ANSWER: "",  # a cut within the body and one within the head have different words
    Fault.CAPTIVE: "not an answer of a Kembar cloud: <html>",
}


def reason(house: RealHouse) -> str:
    return str(house.ask("/health")["clouds"][0]["reason"] or "")


def flows(house: RealHouse) -> bool:
    return bool(house.ask("/health")["clouds"][0]["state"] in ("ok", "catching-up"))


def told(house: RealHouse) -> str:
    return f"{house.line.requests} requests, {house.line.met}; {house.sync.said()}{house.cloud.said()}"


def undated(house: RealHouse) -> int:
    return int(house.ask("/health")["edge"]["undated_rows"])


def test_every_fault_of_the_line_is_told_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with RealHouse(tmp_path, line_seed=SEED) as house, Eavesdropper(house.lines) as wire:
        house.start(*house.servers)
        device = house.device("garage", "--rate", RATE_PER_S, to=wire.port).start()
        for fault, words in TOLD_AS.items():
            wait_until(lambda: flows(house), FLOWS_S, lambda: told(house))
            house.line.trouble = Trouble(chances={fault: 1.0})
            wait_until(lambda: not flows(house), MET_S, lambda: told(house))
            house.line.trouble = SLOW
            assert words in reason(house)
        house.line.trouble = NO_TROUBLE
        wait_until(lambda: undated(house) == 0, DATED_S, house.collect.said)
        assert device.stop() == 0
        house.settle()
        outcome = judge(house.exports(), produced(tmp_path / "garage.csv"), wire.acknowledged)
    assert house.line.met.keys() == set(Fault)
    assert outcome.well, outcome
    assert outcome.arrived > FLOWED_LEAST, "next to nothing flowed, so nothing was shown"
