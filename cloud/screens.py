"""The hosted site's own pages as HTML: templates and texts of this package in the frame of pages/.

What a page shows is given; who looks, their menu and what binds their forms is known here.
"""

from pathlib import Path
from typing import Any

import bottle

from cloud.access import Act
from cloud.forms import is_secure
from cloud.sites import Sites
from cloud.visitors import FORM_COOKIE, Visitor, Visitors, csrf
from pages.figures import Figures
from pages.menu import Menu, MenuLink
from pages.reader import look_of
from pages.render import Look, Renderer
from pages.view import View
from sync.clocks import shown

_HERE = Path(__file__).parent
# Pages of a site beside those of pages/, and who finds them in the menu.
OF_SITE: tuple[tuple[str, str, Act], ...] = (
    ("edges.title", "/edges", Act.PAIR),
    ("people.title", "/people", Act.SHARE),
    ("shares.title", "/shares", Act.SHARE),
    ("log.title", "/log", Act.SHARE),
)


class Screens:
    def __init__(self, visitors: Visitors, sites: Sites) -> None:
        self._visitors, self._sites = visitors, sites
        self.renderer = Renderer(_HERE, self._menu)

    def page(self, template: str, status: int = 200, referrer: str = "", **values: Any) -> str:
        """A page of no site. `referrer`: its own policy, where addresses must not be told."""
        visitor = self._visitor()
        if referrer:
            bottle.response.set_header("Referrer-Policy", referrer)
        bottle.response.status = status
        bottle.response.content_type = "text/html; charset=utf-8"
        look = self.look()
        menu = self.menu(visitor) if visitor.account is not None else None
        return self.renderer.page(
            template,
            look,
            menu=menu,
            status=status,
            csrf=csrf(visitor),
            visitor=visitor,
            when=shown,  # where no site's zone is known
            **values,
        )

    def site_page(self, template: str, view: View, status: int = 200, **values: Any) -> str:
        """A page of one site, with its navigation."""
        visitor, look = self._visitor(), self.look()
        bottle.response.status = status
        figures = Figures(look.words, view.site.zone)
        line = view.sync_line(view.site.condition(), view.now_ms())
        return self.renderer.site_page(
            template, look, view, line, figures, None,
            here="people", csrf=csrf(visitor), visitor=visitor, when=figures.moment, **values,
        )  # fmt: skip

    def look(self) -> Look:
        """How this reader wants it."""
        return look_of(bottle.request, self.renderer.words)

    def message(self, status: int, said: str, detail: str = "") -> str:
        """`said`: the key of a text."""
        return self.page("message.html", status, said=self.look().words(said), detail=detail, back="/")

    def menu(self, visitor: Visitor, number: int | None = None, home: str = "") -> Menu:
        """What this visitor finds beside the pages; `number` and `home`: of the site that is shown."""
        links = [MenuLink("menu.homes", "/?form")]
        links += [MenuLink("fleet.title", "/fleet")] if visitor.oversees else []
        if number is not None:
            links += [MenuLink(word, home + path) for word, path, act in OF_SITE if visitor.may(number, act)]
        links.append(
            MenuLink("account.title", "/account")
            if visitor.account is not None
            else MenuLink("front.enter", "/?form")
        )
        leave = "/logout" if visitor.account is not None or visitor.sites else ""
        return Menu(visitor.name, tuple(links), leave, csrf(visitor))

    def _menu(self, view: View) -> Menu | None:
        site = self._sites.by_key(view.site.key)
        return self.menu(self._visitor(), site.number, view.home) if site else None

    def _visitor(self) -> Visitor:
        """Of this request; a browser that is new here gets the secret that its forms are bound to."""
        visitor = self._visitors.of(bottle.request)
        if visitor.is_new:
            bottle.response.set_cookie(
                FORM_COOKIE,
                visitor.mark,
                path="/",
                httponly=True,
                samesite="lax",
                secure=is_secure(bottle.request),
            )
        return visitor
