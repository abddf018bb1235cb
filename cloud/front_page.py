"""The front page of the hosted site in two languages: the sites one may see, and the form for a token.

It replaces the list of pages/ until accounts come; its look is that of pages/static.
"""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from cloud.sites import HostedSite

_TEXTS = {
    "id": {
        "title": "Rumah",
        "hint": "Masukkan token sebuah rumah untuk melihatnya. Token itu ada di pengaturan Raspberry Pi.",
        "token": "Token",
        "open": "Buka",
        "leave": "Keluar",
        "wrong": "Token itu tidak dikenal di sini.",
        "many": "Terlalu banyak percobaan. Tunggu satu menit.",
        "other": "English",
    },
    "en": {
        "title": "Homes",
        "hint": "Enter the token of a home to see it. The token is in the settings of its Raspberry Pi.",
        "token": "Token",
        "open": "Open",
        "leave": "Log out",
        "wrong": "This token is not known here.",
        "many": "Too many tries. Please wait a minute.",
        "other": "Bahasa Indonesia",
    },
}
_FRAME = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>{title} · Kembar</title>
<link rel="icon" type="image/svg+xml" href="/static/mark.svg">
<link rel="stylesheet" href="/static/tokens.css">
<link rel="stylesheet" href="/static/base.css">
<link rel="stylesheet" href="/static/pages.css">
</head>
<body class="out">
<div class="door">
<main id="main">
  <h1>{title}</h1>
  {homes}
  <form class="form" method="post" action="/login">
    <p class="note">{hint}</p>
    <div class="field"><label for="token">{token}</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required{invalid}>
      {wrong}</div>
    <input type="hidden" name="next" value="{going_on}">
    <button class="btn main" type="submit">{open}</button>
  </form>
  {leave}
  <p><a class="note" href="/?{other_query}" lang="{other}" hreflang="{other}">{other_title}</a></p>
</main>
</div>
</body>
</html>
"""


def front_page(
    language: str, sites: Sequence[HostedSite], going_on: str = "", wrong: str = "", known: bool = False
) -> str:
    """`going_on`: the page asked for; `wrong`: "wrong" or "many"; `known`: the browser has a cookie."""
    texts = _TEXTS[language]
    other = "en" if language == "id" else "id"
    said = f'<p class="err" id="said" role="alert">{texts[wrong]}</p>' if wrong else ""
    return _FRAME.format(
        language=language,
        title=texts["title"],
        homes="".join(_home(site) for site in sites),
        hint=texts["hint"],
        token=texts["token"],
        invalid=' aria-invalid="true" aria-describedby="said"' if wrong else "",
        wrong=said,
        going_on=escape(going_on, quote=True),
        open=texts["open"],
        leave=_leave(texts["leave"]) if known else "",
        other_query=escape(urlencode({"lang": other, "form": "", "next": going_on}), quote=True),
        other=other,
        other_title=texts["other"],
    )


def _home(site: HostedSite) -> str:
    return (
        f'<section class="card"><h2><a href="/sites/{site.key}/">{escape(site.title)}</a></h2>'
        f'<p class="note">{site.key}</p></section>'
    )


def _leave(words: str) -> str:
    return f'<form method="post" action="/logout"><button class="btn" type="submit">{words}</button></form>'
