// Figures as the page's language writes them: the browser's half of pages/figures.py, with the same rules.
// Unknown is "—", never 0; a no-break space stands before every unit; halves round up.
"use strict";
const Kembar = (() => {
  const data = document.getElementById("page-data");
  const page = data ? JSON.parse(data.textContent) : { words: {} };
  const words = page.words;
  const NBSP = "\u00a0", UNKNOWN = "—", KILO_FROM_W = 10000;
  const SIZES = [["days", 86400000], ["hours", 3600000], ["minutes", 60000]];

  const say = (key, places = {}) =>
    words[key].replace(/\{(\w+)\}/g, (_, name) => places[name]);

  function number(value, decimals = 0) {
    const factor = 10 ** decimals;
    const shown = Math.floor(Number((value * factor).toFixed(6)) + 0.5);
    const whole = String(Math.floor(Math.abs(shown) / factor)).replace(/\B(?=(\d{3})+$)/g, words["number.group"]);
    const rest = decimals ? words["number.decimal"] + String(Math.abs(shown) % factor).padStart(decimals, "0") : "";
    return (shown < 0 ? "-" : "") + whole + rest;
  }

  const many = n => n < 10000 ? number(n) : n < 999500 ? number(n / 1000) + words["number.thousand"]
    : number(n / 1000000, n < 9950000 ? 1 : 0) + words["number.million"];
  const power = w => w === null ? [UNKNOWN, ""]
    : Math.abs(w) < KILO_FROM_W - 0.5 ? [number(w), "W"] : [number(w / 1000, 2), "kW"];
  const kwh = wh => wh === null ? [UNKNOWN, ""]
    : [number(wh / 1000, Math.abs(wh) < 100000 ? 2 : Math.abs(wh) < 1000000 ? 1 : 0), "kWh"];
  const KINDS = { voltage: ["voltage_v", "V", 1], current: ["current_a", "A", 2], frequency: ["frequency_hz", "Hz", 1],
    power_factor: ["power_factor", "", 2] };

  // [number, unit] of one quantity among an answer's base-unit values.
  function quantity(name, values) {
    if (name === "power") return power(values.power_w);
    const [base, unit, decimals] = KINDS[name];
    return values[base] === null ? [UNKNOWN, ""] : [number(values[base], decimals), unit];
  }
  const together = ([shown, unit]) => unit ? shown + NBSP + unit : shown;

  const counted = (key, n) => say(`${key}.${n === 1 ? "one" : "many"}`, { n: number(n) });
  function age(ms) {
    for (const [unit, size] of SIZES) if (ms >= size) return counted(`age.${unit}`, Math.floor(ms / size));
    return counted("age.seconds", Math.max(1, Math.floor(ms / 1000)));
  }

  const parts = (ms, options) => Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", { timeZone: page.zone, hourCycle: "h23", ...options })
      .formatToParts(ms).map(part => [part.type, part.value]));
  function clock(ms) {
    const at = parts(ms, { hour: "2-digit", minute: "2-digit" });
    return at.hour + words["number.clock"] + at.minute;
  }
  function moment(ms) {
    const at = parts(ms, { day: "numeric", month: "numeric" });
    return `${at.day} ${page.months[at.month - 1]}, ${clock(ms)}`;
  }
  // The time of today, or the date of an earlier day.
  function since(ms, now) {
    const day = { day: "numeric", month: "numeric", year: "numeric" };
    const at = parts(ms, day), today = parts(now, day);
    if (at.day === today.day && at.month === today.month && at.year === today.year) return clock(ms);
    return `${at.day} ${page.months[at.month - 1]}`;
  }

  // Puts a figure into an element as the server does: the unit in a span of its own.
  function write(element, [shown, unit], tag = "span") {
    const text = shown + (unit ? NBSP + unit : "");
    if (!element || element.textContent === text) return;
    element.replaceChildren(shown);
    if (!unit) return;
    const small = document.createElement(tag);
    if (tag === "span") small.className = "u";
    small.textContent = NBSP + unit;
    element.append(small);
  }
  const put = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };

  return { page, say, number, many, power, kwh, quantity, together, counted, age, clock, moment, since, write, put, UNKNOWN };
})();
