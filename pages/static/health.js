// Keeps a page of words fresh: takes its main part anew from the server every few seconds while it is seen.
"use strict";
(() => {
  const EVERY_MS = 5000;
  const main = document.getElementById("main");

  async function renew() {
    // Somebody who reads with the keyboard or has marked text keeps what is there.
    if (document.hidden || main.contains(document.activeElement) || !getSelection().isCollapsed) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("main");
    if (!fresh) return;
    main.replaceChildren(...fresh.childNodes);
    for (const part of ["sync", "mark-top", "mark-rail"]) {
      const now = document.getElementById(part), then = page.getElementById(part);
      if (now && then) now.replaceWith(then);
    }
  }

  setInterval(() => { renew().catch(() => {}); }, EVERY_MS);
})();
