"""The promises hold after every step of any history: what is measured, stored, sent, lost, restored and copied."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from promises import FATES, KINDS, MOST_TURNS, Hosted, Measured, content
from replayed import CELLAR, GARAGE
from sim import ram
from simulated_edge import copy_card

# Some 20 s; what fails is shrunk to the shortest history that does.
HISTORIES, RULES = 60, 30
NAMES = st.sampled_from([GARAGE, CELLAR])
# The first cloud, or the second if there is one.
WHICH = st.integers(0, 1)
# A step of a write transaction, 0: the disk is sound.
STEPS = st.integers(0, 9)


class Promises(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(dir=ram()))
        self.house = Measured(self.folder)
        self.house.clouds.append(Hosted(self.folder, 1))

    # What the house does

    @rule(name=NAMES, kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=8), fault_at=STEPS)
    def measure(self, name: tuple[str, int], kinds: list[str], fault_at: int) -> None:
        self.house.kinds.setdefault(name, []).extend(kinds)
        self.house.collect(name, len(self.house.kinds[name]), fault_at)

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

    @rule(which=WHICH, fate=st.sampled_from(FATES), step=st.integers(1, 12))
    def send(self, which: int, fate: str, step: int) -> None:
        self.house.send(self.cloud(which), fate, step)

    @rule()
    def note(self) -> None:
        for replay in self.house.replays.values():
            replay.note()

    # What happens to it

    @rule()
    def sync_starts_anew(self) -> None:
        self.house.replays = {}

    @precondition(lambda self: len(self.house.clouds) == 1)
    @rule()
    def second_cloud(self) -> None:
        self.house.clouds.append(Hosted(self.folder, 2))

    @precondition(lambda self: any(cloud.late for cloud in self.house.clouds))
    @rule()
    def held_up_request_arrives(self) -> None:
        next(cloud for cloud in self.house.clouds if cloud.late).arrive()

    @rule(which=WHICH)
    def cloud_copied(self, which: int) -> None:
        copy_card(self.cloud(which).path, self.cloud(which).copy)

    @rule(which=WHICH)
    def cloud_restored(self, which: int) -> None:
        """To a copy whose cursors are behind; where none is, only the content tells (docs/adr/0004)."""
        cloud = self.cloud(which)
        if cloud.copy.exists() and cloud.behind():
            self.house.replay(cloud).note()
            cloud.replace_with(cloud.copy)

    @rule(which=WHICH)
    def cloud_wiped(self, which: int) -> None:
        self.house.replay(self.cloud(which)).note()
        self.cloud(which).replace_with(None)

    @rule()
    def card_copied(self) -> None:
        copy_card(self.house.path, self.house.copy)

    @rule(empty=st.booleans())
    def card_swapped(self, empty: bool) -> None:
        if empty or self.house.copy.exists():
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

    def cloud(self, which: int) -> Hosted:
        return self.house.clouds[min(which, len(self.house.clouds) - 1)]


Promises.TestCase.settings = settings(
    max_examples=HISTORIES,
    stateful_step_count=RULES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestPromises = Promises.TestCase
