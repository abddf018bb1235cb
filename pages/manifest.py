"""The manifest of a site (W3C, Web Application Manifest): what a phone needs to put it on its home screen."""

from typing import Any

from pages.render import Renderer
from pages.view import View

# Phones ask for one of these; the same picture may be cut to their own shape.
ICON_SIZES: tuple[int, ...] = (192, 512)
_GROUND = "#f3f5f7"


def manifest(view: View, renderer: Renderer, language: str) -> dict[str, Any]:
    """As plain values; `renderer` knows the addresses of static files."""
    icons = [
        {
            "src": renderer.static(f"icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": "any maskable",
        }
        for size in ICON_SIZES
    ]
    return {
        "name": f"{view.site.name} · Kembar",
        "short_name": view.site.name,
        "lang": language,
        "start_url": f"{view.home}/",
        "scope": f"{view.home}/",
        "display": "standalone",
        "background_color": _GROUND,
        "theme_color": _GROUND,
        "icons": icons,
    }
