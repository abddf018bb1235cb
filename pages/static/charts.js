// Draws the charts that the page's data describe, with uPlot: bands, lines and bars, blanks hatched and named,
// one selection over all of them. Without uPlot nothing appears; the table holds the same figures.
"use strict";
(() => {
  const { page, say, number, power, kwh, clock, together } = Kembar;
  const chart = page.chart;
  if (!window.uPlot || !chart) return;
  const root = document.documentElement;
  root.classList.add("charts");

  const GUTTER_PX = 52, LINE_PX = 1.75, TICK_PX = 12, NARROW_PX = 420, TIP_SIDE = 0.5;
  const spans = { from: chart.from / 1000, to: chart.to / 1000 };
  const colour = name => getComputedStyle(root).getPropertyValue(name).trim();
  const plots = [];

  // 3 to 5 round ticks from 0 (or from `least`) up to beyond `most`.
  function axis(least, most) {
    const span = Math.max(most - least, 1e-9);
    const power10 = 10 ** Math.floor(Math.log10(span / 3));
    const step = [1, 2, 2.5, 5, 10].map(times => times * power10).find(size => span / size <= 4.2) ?? 10 * power10;
    const low = Math.floor(least / step) * step, high = Math.ceil(most / step - 1e-9) * step;
    const ticks = [];
    for (let tick = low; tick <= high + step / 2; tick += step) ticks.push(tick);
    return { low, high: Math.max(high, low + step), ticks, decimals: step >= 1 ? 0 : step >= 0.1 && step !== 0.25 ? 1 : 2 };
  }

  function scaleOf(spec) {
    const values = spec.bars ? spec.bars.kwh : spec.series.flatMap(one => [...one.min, ...one.max]);
    const known = values.filter(value => value !== null);
    if (!known.length) return axis(0, 1);
    const most = Math.max(...known), least = Math.min(...known);
    return spec.floats ? axis(least - 0.5, most + 0.5) : axis(Math.min(0, least), Math.max(most, 1e-3));
  }

  // Points stand in the middle of their buckets.
  function dataOf(spec) {
    if (spec.bars) return [spec.bars.t.map(ms => ms / 1000), spec.bars.kwh];
    const [first] = spec.series;
    const times = first.mean.map((_, place) => (first.from + (place + 0.5) * first.step) / 1000);
    if (spec.kind === "lines") return [times, ...spec.series.map(one => one.mean)];
    return [times, first.max, first.min, first.mean];
  }

  function seriesOf(spec) {
    const plain = { points: { show: false }, spanGaps: false };
    if (spec.bars) return [{}, { ...plain, fill: () => colour("--bar"), width: 0, points: { show: false },
      paths: uPlot.paths.bars({ size: [0.74, 64], radius: 0.08 }) }];
    if (spec.kind === "lines") return [{}, ...spec.series.map((one, place) => (
      { ...plain, width: LINE_PX, stroke: () => colour(`--m${one.colour}`), dash: place >= 6 ? [6, 4] : [] }))];
    return [{}, { ...plain, width: 0 }, { ...plain, width: 0 },
      { ...plain, width: LINE_PX, stroke: () => colour("--blue"), fill: spec.area ? () => colour("--area") : undefined }];
  }

  function optionsOf(spec, box, scale) {
    const narrow = box.clientWidth < NARROW_PX;
    const ticks = chart.ticks.filter((_, place) => !narrow || place % 2 === 0);
    const font = `${TICK_PX}px ${getComputedStyle(document.body).fontFamily}`;
    const shared = { font, stroke: () => colour("--ink-3"), ticks: { show: false } };
    const grid = { stroke: () => colour("--grid"), width: 1 };
    return {
      width: box.clientWidth, height: box.clientHeight, legend: { show: false }, padding: [10, narrow ? 14 : 18, 0, 0],
      cursor: { show: false }, select: { show: false },
      scales: { x: { time: false, range: [spans.from, spans.to] }, y: { range: [scale.low, scale.high] } },
      axes: [
        { ...shared, grid: { show: false }, size: 26, gap: 6, splits: () => ticks.map(([ms]) => ms / 1000),
          values: () => ticks.map(([, text]) => text) },
        { ...shared, grid, size: GUTTER_PX, gap: 8, splits: () => scale.ticks, values: () => scale.ticks.map((tick, place) =>
          number(tick, scale.decimals) + (place === scale.ticks.length - 1 ? `\u00a0${spec.unit}` : "")) },
      ],
      series: seriesOf(spec),
      bands: spec.kind === "band" ? [{ series: [1, 2], fill: () => colour("--band") }] : [],
    };
  }

  // ---- what lies over a chart: blanks, the selection, the newest point

  const xOf = (plot, ms) => Math.max(0, Math.min(plot.over.clientWidth, plot.valToPos(ms / 1000, "x")));

  function place(plot, element, fromMs, toMs) {
    const left = xOf(plot, fromMs);
    element.style.left = `${left}px`;
    element.style.width = `${xOf(plot, toMs) - left}px`;
  }

  function blankOf(blank) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "blank";
    const tip = document.createElement("span");
    const middle = (blank.from + blank.to) / 2 / 1000;
    tip.className = `tip ${(middle - spans.from) / (spans.to - spans.from) > TIP_SIDE ? "left" : "right"}`;
    const title = document.createElement("b");
    title.textContent = blank.title;
    tip.append(title, blank.text);
    button.append(tip);
    return button;
  }

  function overlay(entry) {
    const { plot, spec } = entry;
    entry.blanks = (spec.blanks ?? []).map(blank => [blank, blankOf(blank)]);
    entry.selected = document.createElement("i");
    entry.selected.className = "sel";
    entry.selected.hidden = true;
    plot.over.append(...entry.blanks.map(([, button]) => button), entry.selected);
    if (spec.here) entry.dots = spec.series.map(one => {
      const dot = document.createElement("i");
      dot.className = `here c${one.colour}`;
      plot.over.append(dot);
      return [one, dot];
    });
    arrange(entry);
  }

  function arrange(entry) {
    entry.blanks.forEach(([blank, button]) => place(entry.plot, button, blank.from, blank.to));
    (entry.dots ?? []).forEach(([one, dot]) => {
      const last = one.mean.findLastIndex(value => value !== null);
      dot.hidden = last < one.mean.length - 2;
      if (dot.hidden) return;
      dot.style.left = `${xOf(entry.plot, one.from + (last + 0.5) * one.step)}px`;
      dot.style.top = `${entry.plot.valToPos(one.mean[last], "y")}px`;
    });
    if (picked) place(entry.plot, entry.selected, picked.from, picked.to);
  }

  // ---- one range picked by dragging on any chart, in whole buckets, with its figures above the charts

  const strip = document.getElementById("picked");
  const hint = strip?.cloneNode(true);
  const step = chart.charts.power.series[0]?.step ?? 300000;
  let picked = null;

  function pick(range) {
    picked = range;
    plots.forEach(entry => {
      entry.selected.hidden = !range;
      if (range) place(entry.plot, entry.selected, range.from, range.to);
    });
    if (!range) strip.replaceChildren(...hint.cloneNode(true).childNodes);
    else strip.replaceChildren(...figures(range));
  }

  function figures({ from, to }) {
    const one = chart.charts.power.series[0];
    const inside = one.mean.map((_, at) => at).filter(at => {
      const begin = one.from + at * one.step;
      return begin >= from && begin < to && one.mean[at] !== null;
    });
    const title = document.createElement("p");
    title.textContent = `${clock(from)}–${clock(to)}`;
    const list = document.createElement("dl");
    const readings = inside.reduce((n, at) => n + one.n[at], 0);
    const mean = readings ? inside.reduce((total, at) => total + one.mean[at] * one.n[at], 0) / readings : null;
    // Buckets without a reading count nothing: the energy in a gap is not known from power.
    const wh = mean === null ? null : inside.reduce((total, at) => total + one.mean[at], 0) * one.step / 3600000;
    const entries = [["energy", kwh(wh)], ["average", power(mean)],
      ["highest", power(inside.length ? Math.max(...inside.map(at => one.max[at])) : null)],
      ["lowest", power(inside.length ? Math.min(...inside.map(at => one.min[at])) : null)]];
    for (const [name, figure] of entries) {
      const pair = document.createElement("div"), term = document.createElement("dt"), value = document.createElement("dd");
      term.textContent = say(`chart.${name}`);
      value.textContent = together(figure);
      pair.append(term, value);
      list.append(pair);
    }
    return [title, list, clearButton()];
  }

  function clearButton() {
    const bar = document.createElement("span"), button = document.createElement("button");
    bar.className = "bar";
    button.type = "button";
    button.className = "ghost";
    button.setAttribute("aria-label", say("chart.clear"));
    button.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-close"/></svg>';
    button.addEventListener("click", () => pick(null));
    bar.append(button);
    return bar;
  }

  function pickable({ plot }) {
    let begin = null;
    const at = event => {
      const x = event.clientX - plot.over.getBoundingClientRect().left;
      const ms = plot.posToVal(Math.max(0, Math.min(plot.over.clientWidth, x)), "x") * 1000;
      return chart.from + Math.round((ms - chart.from) / step) * step;
    };
    plot.over.addEventListener("pointerdown", event => {
      if (event.button !== 0) return;
      begin = at(event);
      plot.over.setPointerCapture(event.pointerId);
    });
    plot.over.addEventListener("pointermove", event => {
      if (begin === null) return;
      const end = at(event);
      if (end !== begin) pick({ from: Math.min(begin, end), to: Math.max(begin, end) });
    });
    plot.over.addEventListener("pointerup", event => {
      if (begin !== null && at(event) === begin && !event.target.closest(".blank")) pick(null);
      begin = null;
    });
    plot.over.addEventListener("pointercancel", () => { begin = null; });
  }

  // ---- drawing, and again when width or theme changes

  document.querySelectorAll("[data-chart]").forEach(box => {
    const spec = chart.charts[box.dataset.chart];
    const series = spec && (spec.bars || spec.series.length);
    if (!series) return;
    const scale = scaleOf(spec);
    const plot = new uPlot(optionsOf(spec, box, scale), dataOf(spec), box);
    const entry = { plot, spec, box };
    plots.push(entry);
    overlay(entry);
    if (strip) pickable(entry);
    new ResizeObserver(() => {
      plot.setSize({ width: box.clientWidth, height: box.clientHeight });
      arrange(entry);
    }).observe(box);
  });
  const redraw = () => plots.forEach(({ plot }) => plot.redraw(false));
  root.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
