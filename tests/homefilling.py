"""A hosted site's database with all kinds of content, and the secrets that let somebody in."""

from accountmaking import NOW_MS, added
from madeparts import row, rows

from cloud.access import Role
from cloud.invitations import Invitations
from cloud.pairing import Pairings
from cloud.resets import Resets
from cloud.secret import digest_of
from cloud.sessions import Sessions
from cloud.shares import Shares
from cloud.sites import numbers_of
from cloud.tokens import Grant, Tokens
from store.by_time import RowsByTime
from store.database import Database
from store.part import CHANGES, Hole, Part
from store.receiver import Receiver

MONTH_MS = 31 * 86_400_000


def take(db: Database, site: int, *parts: Part) -> None:
    receiver = Receiver(db, RowsByTime(db, site), site)
    with db.write(site):
        for part in parts:
            assert receiver.receive(part).applied


def filled(db: Database) -> dict[str, str]:
    """Two homes with all kinds of content; the secrets that let somebody in."""
    rumah, kos = numbers_of(db, ["rumah", "kos"]).values()
    sensor = Hole(4, 6, "sensor", NOW_MS + 3000, NOW_MS + 7000)
    take(
        db, rumah, Part("garage", 7, 0, rows([1, 2, 3]), [sensor]), Part("garage", 7, 6, rows(range(7, 400)))
    )
    take(db, rumah, Part("cellar", 1, 2, [row(3, NOW_MS + MONTH_MS)], first=3))
    take(db, kos, Part("garage", 7, 0, [(1, "timezone", "", 1, '"Asia/Jakarta"')], kind=CHANGES))
    owner = added(db, "sri", rumah=Role.OWNER)
    tokens = Tokens(lambda: NOW_MS)
    with db.write(rumah):
        secrets = {
            "session": Sessions(db).begin(owner, NOW_MS),
            "share": Shares(db, NOW_MS).make(rumah, "for the village", 30, owner),
            "invitation": Invitations(db, NOW_MS).make(rumah, Role.VIEWER, "Budi", owner),
            "reset": Resets(db, NOW_MS).make(owner, None),
            "token": tokens.make(db, Grant(rumah, "pi", owner, ""))[1],
        }
    secrets["pairing"] = Pairings(tokens, lambda: NOW_MS).start(db, "pi", "1", "").device_code
    assert tokens.site_of(db, digest_of(secrets["token"])) == rumah
    return secrets
