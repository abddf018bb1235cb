"""The promises hold after every step of any history: what is measured, stored, sent, lost, restored and copied."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from promises import FATES, KINDS, MOST_TURNS, Hosted, Measured, content
from replayed import CELLAR, GARAGE, gaps
from sim import ram
from simulated_edge import copy_card

# Some 20 s; what fails is shrunk to the shortest history that does.
HISTORIES, RULES = 120, 30
NAMES = st.sampled_from([GARAGE, CELLAR])
# The first cloud, or the second if there is one.
WHICH = st.integers(0, 1)
# A step of a write transaction, 0: the disk is sound.
STEPS = st.integers(0, 9)
# A step of what a cloud takes in.
AT = st.integers(1, 9)
LISTS = st.lists(st.sampled_from(KINDS), min_size=1, max_size=8)


class Promises(RuleBasedStateMachine):
    @initialize(swaps=st.booleans(), impossible=st.booleans())
    def begin(self, swaps: bool, impossible: bool) -> None:
        """Half of the houses keep their card, half measure nothing impossible: there both sides have to be the same."""
        self.swaps, self.impossible = swaps, impossible
        self.folder = Path(tempfile.mkdtemp(dir=ram()))
        self.house = Measured(self.folder)
        self.house.clouds.append(Hosted(self.folder, 1))

    # What the house does

    @rule(name=NAMES, kinds=LISTS, fault_at=STEPS)
    def measure(self, name: tuple[str, int], kinds: list[str], fault_at: int) -> None:
        possible = ["row" if kind == "impossible" and not self.impossible else kind for kind in kinds]
        self.house.kinds.setdefault(name, []).extend(possible)
        self.house.collect(name, len(self.house.kinds[name]), fault_at)

    @rule(name=NAMES, kinds=LISTS, fate=st.sampled_from(FATES), step=AT)
    def measure_and_send(self, name: tuple[str, int], kinds: list[str], fate: str, step: int) -> None:
        self.measure(name, kinds, 0)
        self.send(0, fate, step)

    @rule(name=NAMES, some=st.integers(1, 8))
    def collect_again(self, name: tuple[str, int], some: int) -> None:
        have = self.house.edge.receiver.streams.cursor(*name)
        if have < len(self.house.kinds.get(name, [])):
            self.house.collect(name, min(have + some, len(self.house.kinds[name])))

    @rule(name=NAMES, most=st.integers(1, 8))
    def date(self, name: tuple[str, int], most: int) -> None:
        self.house.date(name, most)

    @precondition(lambda self: self.house.kinds)
    @rule(data=st.data())
    def turn_up(self, data: st.DataObject) -> None:
        self.house.turn_up(data.draw(st.sampled_from(sorted(self.house.kinds))))

    @rule(name=NAMES, low=st.integers(1, 20), many=st.integers(0, 10))
    def name_gaps(self, name: tuple[str, int], low: int, many: int) -> None:
        self.house.name_gaps(name, low, low + many)

    @rule(which=WHICH, fate=st.sampled_from(FATES), step=AT)
    def send(self, which: int, fate: str, step: int) -> None:
        self.house.send(self.cloud(which), fate, step)

    # What happens to it

    @rule(noted=st.booleans())
    def sync_starts_anew(self, noted: bool) -> None:
        for replay in self.house.replays.values():
            if noted:
                replay.note()
        self.house.replays = {}

    @precondition(lambda self: len(self.house.clouds) == 1)
    @rule()
    def second_cloud(self) -> None:
        self.house.clouds.append(Hosted(self.folder, 2))

    @precondition(lambda self: any(cloud.late for cloud in self.house.clouds))
    @rule()
    def held_up_request_arrives(self) -> None:
        next(cloud for cloud in self.house.clouds if cloud.late).arrive()

    @rule(which=WHICH, wiped=st.booleans())
    def cloud_goes_back(self, which: int, wiped: bool) -> None:
        """To a copy whose cursors are behind; where none is, only the content tells (docs/adr/0004)."""
        cloud = self.cloud(which)
        self.house.replay(cloud).note()
        if wiped:
            cloud.replace_with(None)
        elif not cloud.copy.exists():
            copy_card(cloud.path, cloud.copy)
        elif cloud.behind():
            cloud.replace_with(cloud.copy)

    @precondition(lambda self: self.swaps)
    @rule(empty=st.booleans())
    def card_goes_back(self, empty: bool) -> None:
        if not empty and not self.house.copy.exists():
            copy_card(self.house.path, self.house.copy)
        else:
            self.house.swap_card(None if empty else self.house.copy)

    # The promises

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        if not hasattr(self, "house"):
            return
        house, here = self.house, self.house.held()
        for name, upto in house.acked.items():
            kinds = enumerate(house.kinds[name][:upto], 1)
            must = {(name, seq) for seq, kind in kinds if kind not in ("sensor", "late")}
            assert must <= here.rows.keys() | house.forgotten
        for cloud in house.clouds:
            assert cloud.confirmed <= cloud.held().rows.keys()

    @invariant()
    def nothing_is_invented(self) -> None:
        if not hasattr(self, "house"):
            return
        for side in (self.house.held(), *(cloud.held() for cloud in self.house.clouds)):
            for (name, seq), values in side.rows.items():
                measured = content(seq, self.house.kinds[name][seq - 1])[1:]
                assert values in (measured, (measured[0], None, *measured[2:])), (name, seq)

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        try:
            self.settle()
        finally:
            self.house.close()
            shutil.rmtree(self.folder)

    def settle(self) -> None:
        """In calm weather every cloud comes to hold what the edge holds."""
        for name in self.house.kinds:
            self.house.collect(name, len(self.house.kinds[name]))
            self.house.date(name, 10**6)
        edge = self.house.held()
        impossible = {r for r in edge.rows if self.house.kinds[r[0]][r[1] - 1] == "impossible"}
        for cloud in self.house.clouds:
            for _ in range(MOST_TURNS):
                if self.house.send(cloud, "well", 1):
                    break
            there = cloud.held()
            for record, values in edge.rows.items():
                if record not in impossible:
                    assert there.rows.get(record) == values, f"{record} is not in {cloud.url}"
            more = there.rows.keys() - edge.rows.keys()
            assert more <= self.house.forgotten, f"only {cloud.url} has {more}"
            if not self.house.forgotten:
                assert there.causes == edge.causes | dict.fromkeys(impossible, "refused")
                assert impossible or gaps(cloud.db) == gaps(self.house.edge.db)

    def cloud(self, which: int) -> Hosted:
        return self.house.clouds[min(which, len(self.house.clouds) - 1)]


Promises.TestCase.settings = settings(
    max_examples=HISTORIES,
    stateful_step_count=RULES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestPromises = Promises.TestCase
