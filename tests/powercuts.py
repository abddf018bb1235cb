"""Kill -9 after kill -9 on a running house, in an order that a seed repeats, and what is left of it then.

Each process starts again after a short pause, as systemd would start it. Devices measure until the kills are
over and then hand over what they hold; a device that is killed loses its RAM, as in a power cut.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random

from atrest import CHECKS
from devicelives import DeviceLives
from eavesdrop import Eavesdropper
from outcome import Outcome, judge, produced
from processes import Program, TooSlow, wait_until
from realhouse import READY, RealHouse
from troubles import Troubles

STEP_S = 0.05
# Between two kills, and before a killed process starts again: sometimes at once, sometimes after a commit.
BETWEEN_S, DOWN_S = (0.0, 1.2), (0.0, 1.2)
# Now and then nobody is killed for so long that commits, batches and answers flow again, and the next kill hits them.
QUIET_SHARE, QUIET_S = 1 / 12, (4.0, 14.0)
# What the processes themselves need per kill, to begin with; a device that ends a bit early or late does no harm.
STARTED_S = 0.7
# A process that has just been started opens the database and migrates it; that may be cut as well, but in a long
# attack most have begun to work when they are killed.
HASTY_SHARE = 0.2
# A device starts when the kills are nearly over, or when nobody can tell yet when they will be.
LIFE_LEAST_S, LIFE_MOST_S = 1.0, 240.0
# A device also restarts by itself and keeps its records then, but of no more than four earlier boots: in its longest
# life it makes no more, so that it forgets nothing by its own rule.
RESTARTS_S = (50.0, 120.0)
# One whose measuring ends while the kills go on hands over what it holds in their pauses, which may take long.
LINGER_S, PATIENT_LINGER_S = "120", "900"
# After the last kill devices measure on until the edge knows the rates of their clocks and dates what waited.
CALM_S = 45.0
# A boot of which no run of the collector heard five hellos in a row is dated when it is 150 s over.
PATIENT_CALM_S = 170.0
# Every so many-th kill hits a device.
DEVICE_SHARE = 12
# A record that is lost before the first commit of its boot comes again after 15 s, then 30, then 60.
KILLABLE_S, HANDED_OVER_S = 90.0, 120.0
# So long together, and five hellos are on disk.
ANCHORED_S = 9.0
# What is lost or damaged is sent again after 15 s, so that much of it makes everything slow.
FAULTS = ("--duplicate", "0.03", "--reorder", "0.03")
FEW_LOST, MANY_LOST = ("--drop", "0.003", "--corrupt", "0.003"), ("--drop", "0.02", "--corrupt", "0.02")
# 50 readings a second together; 120 fill a commit within the seconds that a collector lives in a long attack. Their
# memory holds more than ever waits there, so that every record that is missing was lost by somebody else.
DEVICES = {
    "garage": ("--rate", "30", "--channels", "3", "--timeouts", "0.01"),
    "dapur": ("--rate", "20", "--channels", "1"),
}
BUSY_DEVICES = {
    "garage": ("--rate", "80", "--channels", "3", "--timeouts", "0.01", "--capacity", "60000"),
    "dapur": ("--rate", "40", "--channels", "1", "--capacity", "60000"),
}


@dataclass
class PowerCuts:
    """A house under attack; `run` does it all, `kills` and `settled_s` tell how it went.

    `patient`: devices also restart by themselves, and are killed before the edge could learn their clock; there
    are pauses in which much flows.
    """

    house: RealHouse
    wire: Eavesdropper
    random: Random
    patient: bool = False
    kills: int = 0
    settled_s: float = 0.0
    told: Callable[[int], None] = lambda _kills: None
    troubles: Troubles | None = None
    phases: list[str] = field(default_factory=list)
    _begun_s: float = field(default_factory=time.monotonic)
    _over_s: float = 0.0
    _up_s: float = 0.0
    _attacking: bool = True
    _due_s: dict[str, float] = field(default_factory=dict)
    # Servers that may be killed in this life of theirs: at once, or because they said that they are ready.
    _ripe: set[str] = field(default_factory=set)
    _lives: dict[str, DeviceLives] = field(default_factory=dict)

    def run(self, kills: int) -> Outcome:
        self.house.start(*self.house.servers)
        plan = self._schedule(kills)
        pauses_s = [self._pause_s() for _target in plan]
        self._up_s = time.monotonic()
        self._over_s = self._up_s + sum(pauses_s) + STARTED_S * kills
        devices = BUSY_DEVICES if self.patient else DEVICES
        self._lives = {name: self._device(name, options) for name, options in devices.items()}
        self._due_s = dict.fromkeys(devices, 0.0)
        for pause_s in pauses_s:
            self._for(pause_s)
            target = self._killable(plan)
            plan.remove(target)
            self._kill(target)
            self._over_s = time.monotonic() + len(plan) * (time.monotonic() - self._begun_s) / self.kills
        self._attacking = False
        self._finish()
        return self._judged()

    def _schedule(self, kills: int) -> list[str]:
        """Every process about as often as the others, devices now and then, in random order."""
        devices = list(islice(cycle(DEVICES), -(-kills // DEVICE_SHARE)))
        servers = list(islice(cycle(p.name for p in self.house.servers), kills - len(devices)))
        return self.random.sample(servers + devices, kills)

    def _pause_s(self) -> float:
        quiet = self.patient and self.random.random() < QUIET_SHARE
        return self.random.uniform(*(QUIET_S if quiet else BETWEEN_S))

    def _device(self, name: str, options: Sequence[str]) -> DeviceLives:
        def program(seconds: float, calm: bool) -> Program:
            seed = self.random.randrange(2**32)
            faults = (
                *FAULTS,
                *(MANY_LOST if self.patient else FEW_LOST),
                "--seed",
                str(seed),
                "--seconds",
                f"{seconds:.1f}",
                "--linger",
                PATIENT_LINGER_S if self.patient else LINGER_S,
            )
            restarts = ("--reboot-every", f"{self.random.uniform(*RESTARTS_S):.1f}") if not calm else ()
            return self.house.device(name, *options, *faults, *restarts, to=self.wire.port)

        return DeviceLives(name, program, self.house.folder / f"{name}.csv")

    def _for(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._look()
            time.sleep(min(STEP_S, max(0.0, end_s - time.monotonic())))

    def _look(self) -> None:
        """Start what is due; nothing may have ended by itself but a device that handed over."""
        now_s = time.monotonic()
        if self.troubles:
            self.troubles.look()
        for program in self.house.servers:
            if self._due_s.get(program.name, now_s + 1) <= now_s:
                del self._due_s[program.name]
                program.start()
                if self.random.random() < HASTY_SHARE:
                    self._ripe.add(program.name)
                self._up_s = now_s if program is self.house.collect else self._up_s
            elif program.name not in self._due_s and not program.runs():
                raise AssertionError(f"{program.name} ended by itself with {program.code}: {program.said()}")
        ready = self.patient or (self.house.collect.runs() and READY["collect"] in self.house.collect.said())
        for name, device in self._lives.items():
            if self._attacking and not device.lives():
                self._due_s.setdefault(name, now_s)  # it was killed, or ended before the kills were over
            if not device.lives() and self._due_s.get(name, now_s + 1) <= now_s and ready:
                del self._due_s[name]
                left_s = min(max(self._over_s - now_s, LIFE_LEAST_S), LIFE_MOST_S)
                device.begin(left_s + (0.0 if self.patient else CALM_S), calm=not self.patient)
            device.anchored = device.anchored or self._together_s(device, now_s) > ANCHORED_S

    def _together_s(self, device: DeviceLives, now_s: float) -> float:
        """For how long collector and device have been there together."""
        return 0.0 if "collect" in self._due_s else now_s - max(device.begun_s, self._up_s)

    def _killable(self, plan: Sequence[str]) -> str:
        """The first of the plan that may be killed, as soon as there is one.

        A server that is not ready lets others go first, but no device: one is always ready, and all would be used up.
        """
        found: list[str] = []
        wanted = [target for target in dict.fromkeys(plan) if target == plan[0] or target not in self._lives]

        def search() -> bool:
            self._look()
            found.extend(filter(self._may_be_killed, wanted))
            return bool(found)

        wait_until(search, KILLABLE_S, lambda: f"nothing to kill of {wanted}")
        return found[0]

    def _is_ripe(self, name: str) -> bool:
        program = next(program for program in self.house.servers if program.name == name)
        if name not in self._ripe and READY[name] in program.said():
            self._ripe.add(name)
        return name in self._ripe

    def _may_be_killed(self, target: str) -> bool:
        """Whether it runs and works; without patience a device was also acknowledged once, and its clock is known."""
        if target in self._due_s:
            return False
        device = self._lives.get(target)
        if device and not device.lives():
            return False
        if self.patient:
            return bool(device) or self._is_ripe(target)
        if not device and target != "collect":
            return True
        fresh = [device for device in self._lives.values() if device.lives() and not self._heard(device)]
        # A boot whose first record is lost before anything of it is on disk waits for 15 s and more.
        return device.anchored and device not in fresh if device else not fresh

    def _heard(self, device: DeviceLives) -> bool:
        return bool(self.wire.acknowledged.keys() & (device.boots() - device.whole - device.cut.keys()))

    def _kill(self, target: str) -> None:
        if target in self._lives:
            self._lives[target].kill(self.wire.acknowledged)
        else:
            next(program for program in self.house.servers if program.name == target).kill()
            self._ripe.discard(target)
        self._due_s[target] = time.monotonic() + self.random.uniform(*DOWN_S)
        self.kills += 1
        self.told(self.kills)

    def _finish(self) -> None:
        """A good line, everything runs, the devices hand over what they hold, sync and commit come to rest."""
        begun_s = time.monotonic()
        if self.troubles:
            self.troubles.over()
        while self._due_s:
            self._for(STEP_S)
        for program in self.house.servers:
            self.house.wait_ready(program)
        self._over_s = time.monotonic()
        self._phase("kills over")
        most_s = 2 * self._calm_s + HANDED_OVER_S
        wait_until(self._handed_over, most_s, lambda: f"devices hold on; {self.house.collect.said()}")
        self._phase("devices empty")
        try:
            self.house.settle()
        except TooSlow as error:
            raise TooSlow(f"{error}\n{self.house.sync.said()[-3000:]}") from None
        self._phase("at rest")
        self.settled_s = time.monotonic() - begun_s

    def _phase(self, name: str) -> None:
        self.phases.append(f"{name} after {time.monotonic() - self._begun_s:.0f} s")

    @property
    def _calm_s(self) -> float:
        return PATIENT_CALM_S if self.patient else CALM_S

    def _handed_over(self) -> bool:
        """Whether every device measured on for long enough and holds nothing any more."""
        over = [device for device in self._lives.values() if not device.lives()]
        for device in over:
            if not device.calm or device.ends_s < self._over_s + self._calm_s:
                device.begin(self._calm_s, calm=True)
        return all(not device.lives() for device in self._lives.values())

    def _judged(self) -> Outcome:
        devices = self._lives.values()
        listed = {key: row for device in devices for key, row in produced(device.listed).items()}
        cut = {boot: seq for device in devices for boot, seq in device.cut.items()}
        outcome = judge(self.house.exports(), listed, cut)
        for check in CHECKS:
            for words in check(self.house):
                outcome.tell(words)
        return outcome
