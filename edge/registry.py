"""The registry: from a line's device and boot number to the board and the boot it belongs to."""

from edge.anchors import Anchors
from edge.boards import Boards
from edge.boots import WIRE_BITS, Boot, Boots
from edge.clock import Instant
from edge.dating import Dating
from edge.line import Earlier, Hello, NoReading, Reading, Refused
from edge.notebook import Notebook
from edge.stream import DeviceStream
from metering.reading import Row
from store.by_stream import RowsByStream
from store.gaps import UNEXPLAINED

OfDevice = Hello | Earlier | Reading | NoReading | Refused


class Registry:
    """Boards and boots in RAM, looked up on disk when they are met again."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self.boots = Boots(notebook.open_boots())
        self.boards = Boards(notebook.boards(), self.boots.in_use, self.boots.forget)

    def boot_of(self, line: OfDevice, at: Instant) -> tuple[Boot | None, str | None]:
        """The boot, and what happened to make it so; None while it is not clear whose line this is."""
        meeting = self.boards.meet(line.device, line.boot, isinstance(line, Hello), at.mono_ms)
        if meeting.board is None:
            return None, meeting.event
        source = meeting.board.source
        boot = self.boots.find(source, line.boot) or self._from_disk(source, line.boot)
        if boot is None:
            boot = self._begin(source, line)
        elif isinstance(line, Hello) and boot.restarted(line):
            boot.end(at.mono_ms)
            return self._again(boot, line), "restart-under-used-number"
        return boot, meeting.event

    def stored(self, rows: RowsByStream, boot: Boot, seq: int) -> Row | None:
        """The row on disk of one record."""
        number = self._notebook.number(boot.stream.source, boot.stream.boot)
        return None if number is None else rows.find(number, seq)

    def unexplained(self, boot: Boot, seq: int) -> bool:
        """Whether a record lies in a gap on disk that nobody could explain yet."""
        number = self._notebook.number(boot.stream.source, boot.stream.boot)
        return number is not None and self._notebook.cause(number, seq) in UNEXPLAINED

    def pruned(self, boot: Boot, seq: int) -> bool:
        """Whether a record was here, and we let go of it."""
        number = self._notebook.number(boot.stream.source, boot.stream.boot)
        return number is not None and self._notebook.cause(number, seq) == "policy"

    def _from_disk(self, source: str, wire_boot: int) -> Boot | None:
        boot = self._notebook.boot(source, wire_boot)
        if boot is not None:
            self.boots.add(boot)
        return boot

    def _begin(self, source: str, line: OfDevice) -> Boot | None:
        """A boot met for the first time starts at its oldest record, without a gap.

        Only a hello (or an S1) tells which that is, so a record that comes before it is left to be sent
        again; but for the very first one, before which there is nothing.
        """
        if isinstance(line, Hello | Earlier):
            first = line.oldest
        elif line.seq == 1:
            first = 1
        else:
            return None
        if self.boots.full(source):
            return None
        dating = Dating(Anchors(), self.boots.rate_of(source, line.boot))
        boot = Boot(line.device, DeviceStream(source, line.boot, first, first - 1), dating)
        self.boots.add(boot)
        return boot

    def _again(self, boot: Boot, hello: Hello) -> Boot:
        restart = DeviceStream(
            boot.stream.source, boot.stream.boot + 2**WIRE_BITS, hello.oldest, hello.oldest - 1
        )
        again = Boot(hello.device, restart, Dating(Anchors(), boot.dating.rate()))
        self.boots.add(again)
        return again
