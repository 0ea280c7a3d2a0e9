// @ts-check
/** The plain chart as data: pure functions from frame and window to SVG nodes. */
import { placeInRow, toneOf } from "./bars.js";
import { DAY, instant, span } from "./format.js";

/** @typedef {import("./mapping.js").Frame} Frame */
/** @typedef {import("./mapping.js").BoardWindow} BoardWindow */
/** @typedef {{tag: string, at: Record<string, string|number>, text?: string, title?: string}} SvgNode */

export const NAMES_PX = 170;
export const AXIS_PX = 26;
const ROW_PX = 28;
const BAR_PX = 20;
const CHAR_PX = 6.6;

/**
 * Every node of the chart, and its size.
 * @param {Frame} frame
 * @param {BoardWindow} window
 * @param {import("./clock.js").PlantClock} clock
 * @param {{msPerPx: number, colourBy: import("./bars.js").ColourKey, selected: Set<string>}} look
 * @returns {{width: number, height: number, nodes: SvgNode[]}}
 */
export function chartOf(frame, window, clock, look) {
  const { from, to } = frame.plan;
  const x = (/** @type {number} */ ms) => NAMES_PX + (Math.min(to, Math.max(from, ms)) - from) / look.msPerPx;
  const width = x(to) + 20;
  const height = AXIS_PX + frame.rows.length * ROW_PX;
  const top = new Map(frame.rows.map((row, index) => [row.id, AXIS_PX + index * ROW_PX]));
  /** @type {SvgNode[]} */
  const nodes = [];
  frame.rows.forEach((row, index) => {
    const y = AXIS_PX + index * ROW_PX;
    for (const [s, e] of frame.calendars[row.cal]) {
      if (e > from && s < to) nodes.push({ tag: "rect", at: { class: "tk-off", x: x(s), y, width: x(e) - x(s), height: ROW_PX } });
    }
    nodes.push({ tag: "line", at: { class: "tk-line", x1: 0, x2: width, y1: y, y2: y } });
    nodes.push({ tag: "text", at: { x: 12, y: y + 18 }, text: row.name });
  });
  for (const [row, s, e, reason] of frame.outages) {
    const at = { class: "tk-outage", x: x(s), y: AXIS_PX + row * ROW_PX, width: Math.max(0, x(e) - x(s)), height: ROW_PX };
    nodes.push({ tag: "rect", at, title: `${reason}: ${span(s, e, clock)}` });
  }
  nodes.push(...axis(frame, clock, x));
  for (const bar of window.bars) {
    const rows = bar.r ? [bar.r, ...(bar.x ?? [])] : bar.x ?? [];
    for (const row of rows) nodes.push(...barNodes(bar, row, x, top.get(row), frame, clock, look));
  }
  if (frame.now !== null) nodes.push({ tag: "line", at: { class: "tk-now", x1: x(frame.now), x2: x(frame.now), y1: AXIS_PX, y2: height } });
  return { width, height, nodes };
}

/**
 * @param {Frame} frame
 * @param {import("./clock.js").PlantClock} clock
 * @param {(ms: number) => number} x
 * @returns {SvgNode[]}
 */
function axis(frame, clock, x) {
  const { from, to } = frame.plan;
  const step = Math.max(DAY, Math.ceil((to - from) / 14 / DAY) * DAY);
  const nodes = [];
  for (let at = from - ((from + clock.offsetAt(from)) % DAY) + DAY; at < to; at += step) {
    nodes.push({ tag: "line", at: { class: "tk-line", x1: x(at), x2: x(at), y1: 0, y2: AXIS_PX + frame.rows.length * ROW_PX } });
    nodes.push({ tag: "text", at: { class: "tk-axis", x: x(at) + 4, y: 17 }, text: instant(at, clock).slice(0, -6) });
  }
  return nodes;
}

/**
 * @param {import("./bars.js").Bar} bar
 * @param {string} row
 * @param {(ms: number) => number} x
 * @param {number|undefined} y
 * @param {Frame} frame
 * @param {import("./clock.js").PlantClock} clock
 * @param {{colourBy: import("./bars.js").ColourKey, selected: Set<string>}} look
 * @returns {SvgNode[]}
 */
function barNodes(bar, row, x, y, frame, clock, look) {
  if (y === undefined) return [];
  const tone = toneOf(bar, look.colourBy, frame.palette);
  const width = Math.max(1.5, x(bar.e) - x(bar.s));
  const place = placeInRow(bar, row, ROW_PX, (ROW_PX - BAR_PX) / 2);
  const title = `${bar.n}${bar.t ? `, ${bar.t}` : ""}\n${span(bar.s, bar.e, clock)}`;
  const at = {
    class: look.selected.has(bar.id) ? "tk-selected" : "",
    "data-event-id": bar.id,
    x: x(bar.s),
    y: y + place.top,
    width,
    height: place.height,
    rx: 3,
    "fill-opacity": row === bar.r ? 1 : 0.5,
    fill: tone.fill,
    stroke: bar.c[1] === "late" || bar.v ? "#b9322a" : tone.edge,
  };
  /** @type {SvgNode[]} */
  const nodes = [{ tag: "rect", at, title }];
  const room = Math.floor((width - 8) / CHAR_PX);
  if (room >= 4 && place.height >= 12) nodes.push({ tag: "text", at: { x: x(bar.s) + 4, y: y + place.top + place.height / 2 + 4, "pointer-events": "none" }, text: bar.n.slice(0, room) });
  return nodes;
}
