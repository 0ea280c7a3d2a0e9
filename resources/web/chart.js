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
const FEWEST_CHARS = 4;
const TEXT_PX = 12;

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
      if (e > from && s < to) nodes.push(block("tk-off", x(s), x(e), y));
    }
    nodes.push(line("tk-line", 0, width, y, y));
    nodes.push({ tag: "text", at: { x: 12, y: y + 18 }, text: row.name });
  });
  for (const [row, s, e, reason] of frame.outages) {
    const title = `${reason}: ${span(s, e, clock)}`;
    nodes.push({ ...block("tk-outage", x(s), x(e), AXIS_PX + row * ROW_PX), title });
  }
  nodes.push(...axis(frame, clock, x));
  for (const bar of window.bars) {
    const rows = bar.r ? [bar.r, ...(bar.x ?? [])] : bar.x ?? [];
    for (const row of rows) nodes.push(...barNodes(bar, row, x, top.get(row), frame, clock, look));
  }
  if (frame.now !== null) nodes.push(line("tk-now", x(frame.now), x(frame.now), AXIS_PX, height));
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
    nodes.push(line("tk-line", x(at), x(at), 0, AXIS_PX + frame.rows.length * ROW_PX));
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
  if (room >= FEWEST_CHARS && place.height >= TEXT_PX) {
    const middle = y + place.top + place.height / 2 + 4;
    const text = bar.n.slice(0, room);
    nodes.push({ tag: "text", at: { x: x(bar.s) + 4, y: middle, "pointer-events": "none" }, text });
  }
  return nodes;
}

/**
 * @param {string} name
 * @param {number} left
 * @param {number} right
 * @param {number} y
 * @returns {SvgNode}
 */
function block(name, left, right, y) {
  return { tag: "rect", at: { class: name, x: left, y, width: Math.max(0, right - left), height: ROW_PX } };
}

/**
 * @param {string} name
 * @param {number} x1
 * @param {number} x2
 * @param {number} y1
 * @param {number} y2
 * @returns {SvgNode}
 */
function line(name, x1, x2, y1, y2) {
  return { tag: "line", at: { class: name, x1, x2, y1, y2 } };
}
