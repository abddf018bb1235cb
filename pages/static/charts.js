// Draws the charts that the page's data describe, with uPlot: bands, lines and bars, blanks hatched and named, limits.
// Without uPlot nothing appears; the table holds the same figures.
"use strict";
(() => {
  const { page, number } = Kembar;
  const chart = page.chart;
  if (!window.uPlot || !chart) return;
  const root = document.documentElement;
  root.classList.add("charts");

  const GUTTER_GAP_PX = 8, LINE_PX = 1.75, TICK_PX = 12, NARROW_PX = 420, TIP_SIDE = 0.5, DOT_PX = 6;
  // An axis of nothing but 0 still has a scale that a house can reach.
  const LEAST_KWH = 0.05, LEAST_W = 10;
  const spans = { from: chart.from / 1000, to: chart.to / 1000 };
  const colour = name => getComputedStyle(root).getPropertyValue(name).trim();
  const plots = [];
  // What static/picked.js needs of it: the charts, and the range that is picked.
  const shared = Kembar.charts = { chart, plots, place: (...one) => place(...one), picked: null };

  // 3 to 5 round ticks from 0 (or from `least`) up to beyond `most`.
  function axis(least, most) {
    const span = Math.max(most - least, 1e-9);
    const power10 = 10 ** Math.floor(Math.log10(span / 3));
    const low = size => Math.floor(least / size + 1e-9) * size, high = size => Math.ceil(most / size - 1e-9) * size;
    const step = [0.5, 1, 2, 5, 10, 20].map(times => times * power10)
      .find(size => (high(size) - low(size)) / size < 4.5);
    const ticks = [];
    for (let tick = low(step); tick <= high(step) + step / 2; tick += step) ticks.push(tick);
    return { low: ticks[0], high: ticks.at(-1), ticks };
  }

  // Energy of several meters stands one on the other: the sum up to each, the last one first.
  function stacked(bars) {
    const sums = bars[0].kwh.map(() => null), layers = [];
    for (const one of bars) {
      one.kwh.forEach((kwh, at) => { if (kwh !== null) sums[at] = (sums[at] ?? 0) + kwh; });
      layers.unshift({ ...one, kwh: [...sums] });
    }
    return layers;
  }

  function scaleOf(spec) {
    const values = spec.bars ? stacked(spec.bars)[0].kwh : spec.series.flatMap(one => one.min ? [...one.min, ...one.max] : one.mean);
    const known = values.filter(value => value !== null);
    if (!known.length) return axis(0, 1);
    const most = Math.max(...known), least = Math.min(...known);
    if (!spec.floats) return axis(Math.min(0, least), Math.max(most, spec.bars ? LEAST_KWH : spec.least_span ?? LEAST_W));
    const room = Math.max(0, spec.least_span - (most - least)) / 2;
    return axis(least - room, most + room);
  }

  // Points stand in the middle of their buckets.
  function dataOf(spec) {
    if (spec.bars) return [spec.bars[0].t.map(ms => ms / 1000), ...stacked(spec.bars).map(one => one.kwh)];
    const [first] = spec.series;
    const times = first.mean.map((_, place) => (first.from + (place + 0.5) * first.step) / 1000);
    if (spec.kind === "lines") return [times, ...spec.series.map(one => one.mean)];
    return [times, first.max, first.min, first.mean];
  }

  function seriesOf(spec) {
    // A bucket alone between two gaps is no line; it is a point.
    const alone = (plot, series) => plot.data[series].flatMap((value, at, all) =>
      value !== null && (all[at - 1] ?? null) === null && (all[at + 1] ?? null) === null ? [at] : []);
    const plain = { points: { show: false }, spanGaps: false };
    const dots = stroke => ({ show: true, size: 4, width: 0, stroke, fill: stroke, filter: alone });
    if (spec.bars) return [{}, ...stacked(spec.bars).map(one => ({ ...plain, width: 0,
      fill: () => colour(spec.bars.length > 1 ? `--m${one.colour}` : "--bar"),
      paths: uPlot.paths.bars({ size: [0.74, 64], radius: spec.bars.length > 1 ? 0 : 0.08 }) }))];
    if (spec.kind === "lines") return [{}, ...spec.series.map((one, place) => (
      { ...plain, width: LINE_PX, stroke: () => colour(`--m${one.colour}`), points: dots(() => colour(`--m${one.colour}`)),
        dash: place >= 6 ? [6, 4] : [] }))];
    return [{}, { ...plain, width: 0 }, { ...plain, width: 0 },
      { ...plain, width: LINE_PX, stroke: () => colour("--blue"), points: dots(() => colour("--blue")), fill: spec.area ? () => colour("--area") : undefined }];
  }

  // As few decimals as every tick of the axis needs; the unit stands at the top tick only.
  function tickTexts(ticks, unit) {
    const decimals = [0, 1, 2, 3].find(count => ticks.every(tick => Math.abs(tick - Number(tick.toFixed(count))) < 1e-9)) ?? 3;
    return ticks.map((tick, at) => number(tick, decimals) + (at === ticks.length - 1 && unit ? `\u00a0${unit}` : ""));
  }

  const ruler = document.createElement("canvas").getContext("2d");
  function widthOf(texts, font) {
    ruler.font = font;
    return Math.ceil(Math.max(...texts.map(text => ruler.measureText(text).width)));
  }

  const font = `${TICK_PX}px ${getComputedStyle(document.body).fontFamily}`;
  const labelsOf = (spec, { ticks }) => tickTexts(ticks, spec.unit);

  function optionsOf(spec, box, scale, gutter) {
    const narrow = box.clientWidth < NARROW_PX;
    const ticks = chart.ticks.filter((_, place) => !narrow || place % 2 === 0);
    const shared = { font, stroke: () => colour("--ink-3"), ticks: { show: false } };
    const grid = { stroke: () => colour("--grid"), width: 1 };
    const labels = labelsOf(spec, scale);
    // Room for the half of the last label that would stand out at the right.
    const [lastMs, lastText] = ticks.at(-1) ?? [chart.from, ""];
    const beyond = (chart.to - lastMs) / (chart.to - chart.from) * (box.clientWidth - gutter);
    const right = Math.max(DOT_PX, widthOf([lastText], font) / 2 + 1 - beyond);
    return {
      width: box.clientWidth, height: box.clientHeight, legend: { show: false }, padding: [10, right, 0, 0],
      cursor: { show: false }, select: { show: false },
      scales: { x: { time: false, range: [spans.from, spans.to] }, y: { range: [scale.low, scale.high] } },
      axes: [
        { ...shared, grid: { show: false }, size: 26, gap: 6, splits: () => ticks.map(([ms]) => ms / 1000),
          values: () => ticks.map(([, text]) => text) },
        { ...shared, grid, size: gutter, gap: GUTTER_GAP_PX,
          splits: () => scale.ticks, values: () => labels },
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
    entry.limits = (spec.limits ?? []).map(limit => {
      const line = document.createElement("i");
      line.className = "limit";
      line.textContent = limit.text;
      return [limit.value, line];
    });
    plot.over.append(...entry.limits.map(([, line]) => line));
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
    entry.limits.forEach(([value, line]) => {
      const top = entry.plot.valToPos(value, "y");
      line.hidden = top < 0 || top > entry.plot.over.clientHeight;
      line.style.top = `${top}px`;
    });
    if (shared.picked) place(entry.plot, entry.selected, shared.picked.from, shared.picked.to);
  }

  // ---- drawing, and again when width or theme changes

  const drawn = [...document.querySelectorAll("[data-chart]")]
    .map(box => ({ box, spec: chart.charts[box.dataset.chart] }))
    .filter(({ spec }) => spec && (spec.bars || spec.series.length))
    .map(one => ({ ...one, scale: scaleOf(one.spec) }));
  // One gutter for all, so that a moment stands at the same place in every chart.
  const gutter = GUTTER_GAP_PX + widthOf(drawn.flatMap(({ spec, scale }) => labelsOf(spec, scale)).concat("0"), font);
  drawn.forEach(({ box, spec, scale }) => {
    const plot = new uPlot(optionsOf(spec, box, scale, gutter), dataOf(spec), box);
    const entry = { plot, spec, box };
    plots.push(entry);
    overlay(entry);
    new ResizeObserver(() => {
      plot.setSize({ width: box.clientWidth, height: box.clientHeight });
      arrange(entry);
    }).observe(box);
  });
  const redraw = () => plots.forEach(({ plot }) => plot.redraw(false));
  root.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
