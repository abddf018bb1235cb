"""The page of a home's edges: which tokens they hold, since when, last used when; and the button that ends one."""

from collections.abc import Callable
from typing import Any

import bottle

from cloud import audit
from cloud.access import Act
from cloud.desk import Desk, redirect
from cloud.tokens import Tokens
from pages.view import View


class EdgePages:
    """`pages`: by method and path below a site's home."""

    def __init__(self, desk: Desk, tokens: Tokens) -> None:
        self._desk, self._tokens = desk, tokens
        self.pages: dict[tuple[str, str], Callable[[View], Any]] = {
            ("GET", "/edges"): self.edges,
            ("POST", "/edges"): self.revoke,
        }

    def edges(self, view: View) -> str:
        site, _account = self._desk.allowed(view, Act.PAIR)
        good = "edges.paired" if "paired" in bottle.request.query else ""
        held = self._tokens.of_site(self._desk.db, site)
        return self._desk.screens.site_page("edges.html", view, tokens=held, good=good, url=self._desk.url)

    def revoke(self, view: View) -> Any:
        """One that is gone already is no mistake: it is what was wanted."""
        form, db = self._desk.form(), self._desk.db
        site, account = self._desk.allowed(view, Act.PAIR)
        end = form.way({"revoke": self._tokens.revoke})
        with db.write(site):
            edge = end(db, site, form.number("token"))
            if edge is not None:
                audit.note(db, self._desk.now_ms(), "token-revoked", site, account, edge, form.address)
        return redirect(bottle.request.path)
