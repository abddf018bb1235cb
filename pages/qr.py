"""A link as a QR code, for a phone that looks at the page."""

import segno
from markupsafe import Markup


def qr(link: str) -> Markup:
    """As an element of the page, which the Content-Security-Policy lets be: no style, no address, no script."""
    drawn = segno.make(link, error="m", micro=False)
    return Markup(
        drawn.svg_inline(
            scale=4, dark="#000", light="#fff", border=4, omitsize=True, svgclass="qr", lineclass=None
        )
    )
