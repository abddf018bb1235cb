// Keeps the page "now" live: asks /latest while the page is seen and writes the values into what the server drew.
// A stale value becomes "—" with its last value; so does every value when the server stops answering.
"use strict";
(() => {
  const { page, say, power, kwh, quantity, together, counted, age, clock, since, write, put, many, UNKNOWN } = Kembar;
  const main = document.querySelector("[data-now]");
  if (!main) return;
  const WARNINGS = ["not-admitted", "off", "offline", "catching-up", "silent", "never"];
  const NONE = [UNKNOWN, ""];
  const BASES = { power: "power_w", voltage: "voltage_v", current: "current_a", power_factor: "power_factor", frequency: "frequency_hz" };
  const TIMEOUT_MS = 10000;
  // The chart and the comparison with yesterday are the server's: fetched anew when they are old.
  const PAGE_LASTS_MS = page.chart?.lasts_ms ?? 600000;
  const cards = new Map([...main.querySelectorAll("[data-meter]")].map(card => [card.dataset.meter, card]));
  const byId = id => document.getElementById(id);
  let answer = null, answeredAt = 0, timer = null;

  const sum = (meters, value) => {
    const known = meters.map(value).filter(one => one !== null);
    return known.length ? known.reduce((a, b) => a + b, 0) : null;
  };
  const silentSince = (meter, now) => meter.taken_ms ? say("live.silent", { at: since(meter.taken_ms, now) })
    : say("live.no_date");

  // The server's answer as it is by now: it grows older between two answers and when there are no more.
  function aged() {
    const passed = performance.now() - answeredAt;
    const meters = answer.meters.map(meter => {
      if (meter.age_ms === null) return meter;
      const lost = passed > Math.max(5000, 3 * meter.interval_ms);
      const stale = meter.stale || lost;
      return { ...meter, age_ms: meter.age_ms + passed, stale, judged: stale ? {} : meter.judged };
    });
    return { ...answer, meters, now_ms: answer.now_ms + passed };
  }

  function drawCard(card, meter, now) {
    const seen = card.querySelector("[data-age]"), silent = card.querySelector("[data-silent]");
    seen.hidden = meter.stale;
    silent.hidden = !meter.stale;
    if (meter.stale) put(silent.lastElementChild, silentSince(meter, now));
    else put(seen, age(meter.age_ms) + (meter.estimated ? `, ${say("live.estimated")}` : ""));
    card.querySelectorAll("[data-quantity]").forEach(tile => drawTile(tile, meter, now));
  }

  const isBeyond = one => one.verdict === "over" || one.verdict === "under";
  // [what a tile says below its value, its state]
  function saidOf(name, meter, figure) {
    if (meter.stale) return [figure[0] === UNKNOWN ? "" : say("live.last", { value: together(figure) }), "old"];
    const one = meter.judged[name];
    if (!one) return ["", ""];
    const limit = together(quantity(name, { [BASES[name]]: one.limit }));
    return [say(`live.${one.verdict}`, { limit }), isBeyond(one) ? "over" : "warn"];
  }

  function drawTile(tile, meter, now) {
    const [label, value, said] = tile.children, name = tile.dataset.quantity;
    if (name === "energy") {
      const until = meter.stale && meter.taken_ms;
      tile.classList.toggle("old", meter.stale);
      put(label, until ? say("live.today_until", { at: since(meter.taken_ms, now) }) : say("live.today"));
      write(value, kwh(meter.today_wh));
      return;
    }
    const figure = quantity(name, meter.values), [words, state] = saidOf(name, meter, figure);
    for (const each of ["old", "over", "warn"]) tile.classList.toggle(each, each === state);
    write(value, meter.stale ? NONE : figure);
    said.hidden = !words;
    put(said.lastElementChild, words);
    drawScale(tile.querySelector(".scale"), meter.values[BASES[name]]);
  }

  // Where a value lies between its two limits.
  function drawScale(scale, value) {
    if (!scale || value === null) return;
    const { low, high } = scale.dataset;
    scale.querySelector(".at").setAttribute("x", Math.min(97.5, Math.max(0, 100 * (value - low) / (high - low))));
  }

  // The rules of metering/profile.py for two limits, and of pages/gauge.py.
  const verdictOf = (value, low, high) => value > high ? "over" : value < low ? "under"
    : value >= high - (high - low) / 10 ? "near-over" : value <= low + (high - low) / 10 ? "near-under" : null;
  function drawArc(arc, meter) {
    const dot = arc.querySelector(".at"), badge = byId("arc-badge"), volts = meter.values.voltage_v;
    const [first, low, high, last] = ["first", "low", "high", "last"].map(name => Number(arc.dataset[name]));
    const known = !meter.stale && volts !== null, part = Math.min(1, Math.max(0, (volts - first) / (last - first)));
    dot.setAttribute("cx", known ? 100 - 88 * Math.cos(Math.PI * part) : -20);
    dot.setAttribute("cy", known ? 104 - 88 * Math.sin(Math.PI * part) : -20);
    badge.hidden = !known;
    const verdict = known ? verdictOf(volts, low, high) : null;
    badge.className = `badge ${verdict ? isBeyond({ verdict }) ? "over" : "warn" : ""}`;
    put(badge.lastElementChild, say(verdict ? `now.is_${verdict}` : "now.normal"));
    badge.querySelector("use").setAttribute("href", verdict ? "#i-over" : "#i-ok");
  }

  function drawHero({ meters, now_ms: now }) {
    const fresh = meters.filter(meter => !meter.stale), shown = meters.filter(meter => meter.taken_ms);
    const silent = meters.length - fresh.length, watts = meter => meter.values.power_w;
    const title = meters.length === 1 ? say("live.one")
      : silent === 0 || silent === meters.length ? say("live.sum", { n: meters.length })
      : say("live.sum_of", { n: fresh.length, all: meters.length });
    put(byId("hero-title"), title);
    byId("hero").classList.toggle("old", !fresh.length);
    write(byId("hero"), power(sum(fresh, watts)), "small");
    byId("hero-age").hidden = !fresh.length;
    byId("hero-silent").hidden = fresh.length > 0;
    byId("hero-last").hidden = fresh.length > 0 || !shown.length;
    if (fresh.length) put(byId("hero-age"), age(Math.max(...fresh.map(meter => meter.age_ms))));
    else {
      const last = Math.max(0, ...meters.map(meter => meter.taken_ms ?? 0));
      put(byId("hero-silent").lastElementChild, silentSince({ taken_ms: last }, now));
      put(byId("hero-last"), say("live.last_sum", { value: together(power(sum(shown, watts))) }));
    }
    write(byId("today-kwh"), kwh(sum(meters, meter => meter.today_wh)), "small");
    const beyond = meters.filter(meter => Object.values(meter.judged).some(isBeyond)).length;
    put(byId("counted"), [["live.beyond_count", beyond], ["live.silent_count", silent]]
      .filter(([, count]) => count).map(([key, count]) => counted(key, count)).join(", "));
    const arc = main.querySelector("[data-arc]");
    if (arc) drawArc(arc, meters[0]);
    main.querySelectorAll("[data-chip]").forEach(chip =>
      write(chip, meters[0].stale ? NONE : quantity(chip.dataset.chip, meters[0].values)));
  }

  function drawSync({ sync, now_ms: now }) {
    const at = sync.last_ms === null ? "" : since(sync.last_ms, now);
    const waits = sync.backlog_rows === null ? "?" : many(sync.backlog_rows);
    put(byId("sync"), say(`sync.${sync.state}`, { n: waits, at }));
    byId("sync").classList.toggle("warn", WARNINGS.includes(sync.state));
    document.querySelectorAll(".mark .far").forEach(bar => bar.setAttribute("width", 24 * sync.share_percent / 100));
  }

  function draw() {
    if (!answer) return;
    const now = aged();
    // A meter that the server did not draw yet (a new one) needs the whole page once.
    if (now.meters.length !== cards.size || now.meters.some(meter => !cards.has(meter.meter))) return location.reload();
    now.meters.forEach(meter => drawCard(cards.get(meter.meter), meter, now.now_ms));
    if (now.meters.length) drawHero(now);
    drawSync(now);
  }

  async function ask() {
    try {
      const reply = await fetch(`${page.api}/latest`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!reply.ok) throw new Error(reply.status);
      answer = await reply.json();
      answeredAt = performance.now();
      byId("unreachable").hidden = true;
      if (performance.now() > PAGE_LASTS_MS) location.reload();
    } catch {
      const silent = performance.now() - answeredAt;
      if (answer && silent > 5000) {
        put(byId("unreachable").querySelector("b"), say("live.unreachable", { at: clock(answer.now_ms) }));
        byId("unreachable").hidden = false;
      }
    }
    draw();
  }

  // One question at a time: a slow line is asked less often, not more at once.
  async function loop() {
    timer = null;
    if (document.hidden) return;
    const begun = performance.now();
    await ask();
    timer = setTimeout(loop, Math.max(0, page.poll_ms - (performance.now() - begun)));
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden && timer === null) loop(); });
  loop();
})();
