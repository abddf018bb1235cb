// One range picked by dragging on any chart, in whole buckets, with its figures in the strip above the charts; it stands
// in the address behind #, so that it can be passed on.
"use strict";
(() => {
  const { page, say, kwh, clock, moment, quantity, together, UNKNOWN } = Kembar;
  const shared = Kembar.charts, strip = document.getElementById("picked");
  if (!shared || !strip) return;
  const { chart, plots, place } = shared;
  const hint = strip.cloneNode(true);
  const first = chart.first ?? "power", main = chart.charts[first];
  const step = main.series[0]?.step ?? 300000, begin = main.series[0]?.from ?? chart.from;
  const ENERGY_PAUSE_MS = 250;
  let asked = null;

  function pick(range) {
    shared.picked = range;
    plots.forEach(entry => {
      entry.selected.hidden = !range;
      if (range) place(entry.plot, entry.selected, range.from, range.to);
    });
    history.replaceState(null, "", range ? `#${range.from}-${range.to}` : location.pathname + location.search);
    clearTimeout(asked);
    if (!range) return strip.replaceChildren(...hint.cloneNode(true).childNodes);
    strip.replaceChildren(...figures(range));
    asked = setTimeout(() => askEnergy(range), ENERGY_PAUSE_MS);
  }

  // The energy is that of the meters' own counters, so it is right across gaps: the server is asked for it.
  async function askEnergy(range) {
    const ask = async meter => {
      const query = new URLSearchParams({ meter, period: "month", from: range.from, to: range.to });
      const reply = await fetch(`${page.api}/energy?${query}`);
      if (!reply.ok) throw new Error(reply.status);
      return (await reply.json()).buckets.map(bucket => bucket.energy_wh).filter(wh => wh !== null);
    };
    let shown = [UNKNOWN, ""];
    try {
      const known = (await Promise.all(chart.meters.map(ask))).flat();
      if (known.length) shown = kwh(known.reduce((a, b) => a + b, 0));
    } catch { /* no answer: the energy stays unknown */ }
    const value = strip.querySelector("[data-energy]");
    if (shared.picked === range && value) value.textContent = together(shown);
  }

  const BASES = { power: "power_w", voltage: "voltage_v", current: "current_a", power_factor: "power_factor", frequency: "frequency_hz" };
  const written = value => together(value === null ? [UNKNOWN, ""] : quantity(first, { [BASES[first]]: value }));

  function figures({ from, to }) {
    const inside = one => one.mean.map((_, at) => at).filter(at => {
      const start = one.from + at * one.step;
      return start + one.step > from && start < to && one.mean[at] !== null;
    });
    const title = document.createElement("p"), list = document.createElement("dl");
    const text = chart.to - chart.from > 90000000 ? moment : clock;
    title.textContent = `${text(from)}–${text(to)}`;
    const entries = [["energy", "…", true]];
    if (main.series.length === 1) {
      const [one] = main.series, places = inside(one);
      const readings = places.reduce((n, at) => n + one.n[at], 0);
      const mean = readings ? places.reduce((total, at) => total + one.mean[at] * one.n[at], 0) / readings : null;
      entries.push(["average", written(mean)],
        ["highest", written(places.length ? Math.max(...places.map(at => one.max[at])) : null)],
        ["lowest", written(places.length ? Math.min(...places.map(at => one.min[at])) : null)]);
    }
    for (const [name, figure, isEnergy] of entries) {
      const pair = document.createElement("div"), term = document.createElement("dt"), value = document.createElement("dd");
      term.textContent = say(`chart.${name}`);
      value.textContent = figure;
      if (isEnergy) value.dataset.energy = "";
      pair.append(term, value);
      list.append(pair);
    }
    return [title, list, buttons(from, to)];
  }

  function buttons(from, to) {
    const bar = document.createElement("span"), closer = document.createElement("a"), clear = document.createElement("button");
    const { url, ...query } = chart.zoom;
    bar.className = "bar";
    closer.href = `${url}?${new URLSearchParams({ ...query, from, to })}`;
    clear.type = "button";
    clear.addEventListener("click", () => pick(null));
    for (const [element, icon, said] of [[closer, "zoom", "chart.zoom"], [clear, "close", "chart.clear"]]) {
      element.className = "ghost";
      element.setAttribute("aria-label", say(said));
      element.innerHTML = `<svg class="i" aria-hidden="true"><use href="#i-${icon}"/></svg>`;
      bar.append(element);
    }
    return bar;
  }

  function pickable({ plot }) {
    let down = null;
    const at = event => {
      const x = event.clientX - plot.over.getBoundingClientRect().left;
      const ms = plot.posToVal(Math.max(0, Math.min(plot.over.clientWidth, x)), "x") * 1000;
      return Math.max(chart.from, Math.min(chart.to, begin + Math.round((ms - begin) / step) * step));
    };
    plot.over.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      down = at(event);
      plot.over.setPointerCapture(event.pointerId);
    });
    plot.over.addEventListener("pointermove", event => {
      if (down === null) return;
      const end = at(event);
      if (end !== down) pick({ from: Math.min(down, end), to: Math.max(down, end) });
    });
    plot.over.addEventListener("pointerup", event => {
      if (down !== null && at(event) === down && !event.target.closest(".blank")) pick(null);
      down = null;
    });
    plot.over.addEventListener("pointercancel", () => { down = null; });
    // Twice on a selection looks closer at it.
    plot.over.addEventListener("dblclick", () => strip.querySelector("a.ghost")?.click());
  }

  plots.forEach(pickable);
  const kept = location.hash.match(/^#(\d+)-(\d+)$/)?.slice(1).map(Number);
  if (kept && kept[0] >= chart.from && kept[0] < kept[1] && kept[1] <= chart.to) pick({ from: kept[0], to: kept[1] });
})();
