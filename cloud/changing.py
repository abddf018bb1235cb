"""Changes that this cloud makes itself: what people say of meters on its pages; its edges fetch them."""

import os
import time

from metering.profile import Profile
from metering.reading import Meter
from pages.site import NotSaved
from store import faults
from store.by_time import RowsByTime
from store.database import Database
from store.profiles import Profiles

# No device can be called so, and no house.
SOURCE = "~cloud"
# This start of this process: several may serve one database. Below 2**53, which every JSON reader keeps exactly.
BOOT = time.time_ns() // 1_000_000 * 1_000 + os.getpid() % 1_000


def keep_profile(db: Database, site: int, meter: Meter, profile: Profile) -> None:
    """On disk when this returns; raises NotSaved."""
    try:
        Profiles(db, site).write(RowsByTime(db, site), (SOURCE, BOOT), meter, profile)
    except faults.ANY as error:
        raise NotSaved(str(error)) from error
