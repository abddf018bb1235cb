"""The table as a picture: a page of plain HTML and CSS, photographed by Chromium, docs/pictures/peers.png."""

import shutil
from collections.abc import Sequence
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench.peers.programs import Missing
from bench.peers.table import OURS, Result, ratios

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Of the window; the picture is as high as the page.
WIDTH, HEIGHT, SHARPNESS = 1_080, 300, 2
# A bar shorter than this would not be seen.
BAR_PERCENT_LEAST = 0.4

# The light colours and sizes of the pages: pages/static/tokens.css.
STYLE = """
* { box-sizing: border-box; margin: 0 }
body { background: #f3f5f7; color: #12171e; padding: 32px; width: 1080px; font-variant-numeric: tabular-nums;
  font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif }
main { background: #fff; border-radius: 20px; padding: 32px 40px 28px }
header { display: flex; align-items: center; gap: 28px; margin-bottom: 24px }
.hero { font-size: 80px; font-weight: 200; line-height: 1; letter-spacing: -.03em }
.lead { font-size: 18px; color: #414b59; max-width: 40em }
.lead b { color: #12171e; font-weight: 600 }
.grid { display: grid; grid-template-columns: 272px 1fr 1fr }
.grid > :not(:nth-child(3n)) { padding-right: 40px }
.head { font-size: 13px; color: #5b6675; padding-bottom: 10px; border-bottom: 1px solid #dfe4ea }
.row { padding: 14px 0 16px; border-bottom: 1px solid #dfe4ea }
.grid > :nth-last-child(-n+3) { border-bottom: 0 }
.name { font-weight: 400 } .ours.name { font-weight: 600 }
.name small, .row small { display: block; font-size: 13px; color: #5b6675; font-weight: 400 }
.number { font-size: 22px; line-height: 1.2 }
.number .note { font-size: 13px; color: #5b6675; margin-left: 8px }
.track { height: 8px; border-radius: 4px; background: #eaedf1; margin-top: 8px; overflow: hidden }
.bar { height: 100%; background: #aab4c1 } .ours .bar { background: #1a5bb8 }
.over .bar { background: #b3261e } .over .number b { color: #9c1d16 } b { font-weight: 500 }
footer { font-size: 12px; color: #5b6675; padding-top: 8px }
"""


def page(results: Sequence[Result], told: str) -> str:
    """`told`: the line below, in words."""
    fastest = max((each.caught_up.per_s for each in results if each.caught_up), default=1.0)
    rows = "".join(_row(result, fastest) for result in results)
    heads = ("", "Catching up, readings a second", "Acknowledged, but lost after five kills")
    head = "".join(f'<div class="head">{each}</div>' for each in heads)
    return (
        f"<!doctype html><meta charset=utf-8><title>Kembar and its peers</title><style>{STYLE}</style>"
        f'<main>{_headline(results)}<div class="grid">{head}{rows}</div><footer>{escape(told)}</footer></main>'
    )


def _headline(results: Sequence[Result]) -> str:
    ours = next((each.survived for each in results if each.key == OURS), None)
    if ours is None:
        return ""
    ratio = ratios(results).get("peer_ratio_vmagent")
    speed = (
        ""
        if ratio is None
        else f"<br>{ratio:.1f} times the speed of vmagent at catching up, in the same run."
    )
    return (
        f'<header><div class="hero">{ours.lost:,}</div><p class="lead">of Kembar’s {ours.acknowledged:,} acknowledged'
        f" readings <b>lost, {ours.doubled:,} doubled</b>.{speed}</p></header>"
    )


def _row(result: Result, fastest: float) -> str:
    kind = "ours " if result.key == OURS else ""
    name = f'<div class="row name {kind}">{escape(result.name)}<small>{escape(result.version)}</small></div>'
    if not (caught_up := result.caught_up) or not (survived := result.survived):
        return (
            f'{name}<div class="row">—<small>{escape(result.missing)}</small></div><div class="row">—</div>'
        )
    speed = _cell(
        kind,
        f"{caught_up.per_s:,.0f}",
        f"{caught_up.bytes_per_reading:,.1f} bytes a reading",
        caught_up.per_s / fastest,
    )
    bad = "over " if survived.lost else ""
    share = survived.lost / survived.acknowledged if survived.acknowledged else 0.0
    doubled = f", {survived.doubled:,} doubled" if survived.doubled else ""
    lost = _cell(kind + bad, f"{survived.lost:,}", f"lost of {survived.acknowledged:,}{doubled}", share)
    return name + speed + lost


def _cell(kind: str, number: str, note: str, share: float) -> str:
    percent = max(100 * share, BAR_PERCENT_LEAST) if share else 0.0
    return (
        f'<div class="row {kind}"><div class="number"><b>{number}</b><span class="note">{note}</span></div>'
        f'<div class="track"><div class="bar" style="width: {percent:.2f}%"></div></div></div>'
    )


def draw(results: Sequence[Result], told: str, path: Path) -> None:
    browser_path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser_path is None:
        raise Missing("no chromium (Debian package chromium): no picture")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        view = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=SHARPNESS)
        view.set_content(page(results, told))
        view.screenshot(path=path, full_page=True)
        browser.close()
