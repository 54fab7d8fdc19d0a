/**
 * The page's script: what makes its plots zoomable. Without it the page is the same, as it stands. It is text here since it runs in a
 * browser: of the page it knows what the attributes of plots say, it asks for nothing, and writes nothing but numbers and dates.
 *
 * All plots over time are zoomed at once, each other by itself. What is shown of time is kept behind the # of the address, as
 * moments, so that a page that is loaded again with more on it, as with `--watch`, shows the same.
 */
import { createHash } from "node:crypto";

/** `svg.plot` is the inner picture of a chart; `g.x text` are its ticks, which stay where they are and change what they say. */
export const ZOOM: string = `"use strict";
{
  const ALL = [0, 1];
  const SMALLEST = 1e-5;
  const plots = [...document.querySelectorAll("svg.plot")].map((inner) => {
    const box = inner.viewBox.baseVal;
    const chart = inner.parentNode;
    const ticks = [...chart.querySelectorAll("g.x text")].map((text) => ({ text, whole: text.textContent }));
    const { low, high, time } = inner.dataset;
    return { inner, box, chart, ticks, x: box.x, width: box.width, low: +low, high: +high, isTime: time !== undefined };
  });
  const said = document.getElementById("said");
  const views = new Map();
  let shared = ALL;

  const viewOf = (plot) => (plot.isTime ? shared : (views.get(plot) ?? ALL));
  const moment = (at) => new Date(at * 1000).toISOString().slice(0, 19).replace("T", " ");
  const dated = (at, days) => (days > 3 ? moment(at).slice(0, 10) : moment(at).slice(days > 0.5 ? 5 : 11, days > 0.02 ? 16 : 19));
  const sized = (value, range) => {
    const size = Math.max(Math.abs(value), range / 50);
    const [factor, unit] = size >= 1 ? [1, "s"] : size >= 1e-3 ? [1e3, "ms"] : size >= 1e-6 ? [1e6, "µs"] : [1e9, "ns"];
    return +(value * factor).toPrecision(5) + " " + unit;
  };

  const draw = (plot) => {
    const [from, to] = viewOf(plot);
    const range = (plot.high - plot.low) * (to - from);
    plot.box.x = plot.x + from * plot.width;
    plot.box.width = (to - from) * plot.width;
    for (const { text, whole } of plot.ticks) {
      const value = plot.low + (plot.high - plot.low) * from + range * text.dataset.at;
      text.textContent = to - from === 1 ? whole : plot.isTime ? dated(value, range / 86400) : sized(value, range);
    }
  };

  const show = (plot, low, high) => {
    const width = Math.min(1, Math.max(SMALLEST, high - low));
    const from = Math.min(1 - width, Math.max(0, low));
    const view = [from, from + width];
    if (plot.isTime) {
      shared = view;
      for (const other of plots) if (other.isTime) draw(other);
      const shown = view.map((part) => plot.low + (plot.high - plot.low) * part);
      const kept = width === 1 ? "" : "#" + shown.map((at) => at.toFixed(3)).join("-");
      history.replaceState(null, "", location.pathname + location.search + kept);
      said.textContent = shown.map(moment).join(" to ") + " UTC";
    } else {
      views.set(plot, view);
      draw(plot);
    }
  };

  /** Zooms about the middle, and moves by a part of what is shown. */
  const change = (plot, zoom, move) => {
    const [from, to] = viewOf(plot);
    const middle = (from + to) / 2 + move * (to - from);
    const half = ((to - from) * zoom) / 2;
    show(plot, middle - half, middle + half);
  };
  const KEYS = {
    "+": [0.5, 0], "=": [0.5, 0], "-": [2, 0], 0: [1 / SMALLEST, 0], ArrowLeft: [1, -0.25], ArrowRight: [1, 0.25],
  };

  const listen = (plot) => {
    const { chart, inner, box } = plot;
    const at = ({ clientX }) => {
      const { a, e } = inner.getScreenCTM();
      return Math.min(1, Math.max(0, ((clientX - e) / a - plot.x) / plot.width));
    };
    let begun = null;
    const chosen = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    chosen.setAttribute("class", "chosen");
    chosen.setAttribute("y", box.y);
    chosen.setAttribute("height", box.height);
    const end = (event) => {
      if (begun === null) return;
      const [from, to] = [begun, at(event)].sort((one, other) => one - other);
      begun = null;
      chosen.remove();
      const [least, most] = viewOf(plot);
      if (event.type === "pointerup" && to - from > (most - least) / 100) show(plot, from, to);
    };
    chart.addEventListener("keydown", (event) => {
      const meant = Object.hasOwn(KEYS, event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (!meant) return;
      event.preventDefault();
      change(plot, ...KEYS[event.key]);
    });
    chart.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      begun = at(event);
      chart.setPointerCapture(event.pointerId);
      chosen.setAttribute("width", 0);
      inner.append(chosen);
    });
    chart.addEventListener("pointermove", (event) => {
      if (begun === null) return;
      chosen.setAttribute("x", plot.x + Math.min(begun, at(event)) * plot.width);
      chosen.setAttribute("width", Math.abs(at(event) - begun) * plot.width);
    });
    chart.addEventListener("pointerup", end);
    chart.addEventListener("pointercancel", end);
    chart.addEventListener("dblclick", () => show(plot, 0, 1));
  };

  for (const plot of plots) listen(plot);
  const overTime = plots.find(({ isTime }) => isTime);
  const [, low, high] = /^#([0-9.]+)-([0-9.]+)$/.exec(location.hash) ?? [];
  if (overTime && +high > overTime.low && +low < overTime.high && +high > +low) {
    const partOf = (at) => (at - overTime.low) / (overTime.high - overTime.low);
    show(overTime, partOf(+low), partOf(+high));
  }
  document.getElementById("keys").hidden = plots.length === 0;
}
`;

/** What the page may do, for the browser to hold it to: show itself and run this script, and fetch nothing. */
export const POLICY: string = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(ZOOM).digest("base64")}'`;
