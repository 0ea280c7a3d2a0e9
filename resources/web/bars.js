// @ts-check
/** What a bar looks like: pure functions from an operation to DOM configs, so that no text becomes HTML. */
import { duration } from "./format.js";

/**
 * @typedef {object} Bar one operation (or block of many) on one row, as Python sends it
 * @property {string} id
 * @property {string} r  row
 * @property {number} s  start, ms
 * @property {number} e  end, ms
 * @property {string} n  name
 * @property {string} [o]  order id
 * @property {string} [t]  second line: order, product
 * @property {[number, string, number, string]} c  order index, lateness, family index, status
 * @property {number} [p]  per cent done
 * @property {1} [lk]  locked
 * @property {1} [fx]  cannot be moved for another reason (started, completed)
 * @property {number} [v]  broken rules
 * @property {[number, number][]} [z]  pauses, ms
 * @property {[number, string, string, number, [number, number][]]} [su]  setup: start, families, working ms, pauses
 * @property {number} [m]  index of its set of possible rows
 * @property {string[]} [x]  other rows that it needs, where it is drawn as a slim bar
 * @property {Record<string, [number, number]>} [l]  its lane and how many there are, on rows with several
 * @property {string} [k]  what the preview does to it: moved, resource, added; in a comparison removed and fields too
 * @property {number} [q]  a block: how many operations
 */

/**
 * @typedef {{fill: string, edge: string}} Tone
 * @typedef {object} Palette
 * @property {Tone[]} categories
 * @property {Record<string, Tone>} lateness
 * @property {Record<string, Tone>} status
 */

/** @typedef {"order"|"lateness"|"family"|"status"} ColourKey */

/**
 * @typedef {object} DomNode
 * @property {string} [tag]
 * @property {string|Record<string, unknown>} [className]
 * @property {string} [text]
 * @property {string|Record<string, string>} [style]
 * @property {(DomNode|string|null)[]} [children]
 * @property {Record<string, string|number>} [dataset]
 * @property {string} [title]
 */

const SHOW_TEXT_PX = 40;
const SHOW_SETUP_TIME_PX = 34;
const SHOW_ICON_PX = 16;
const ICON_PX = 18;
const SHOW_SECOND_LINE_PX = 64;
const SHOW_PARTS_PX = 8;
const SHOW_EDGE_PX = 18;
const TWO_LINES_PX = 28;
const SMALLEST_PART_PX = 2;
const SETUP_TEXT_PX = 76;

/**
 * The colour of a bar.
 * @param {Bar} bar
 * @param {ColourKey} key
 * @param {Palette} palette
 * @returns {Tone}
 */
export function toneOf(bar, key, palette) {
  const grey = palette.lateness["no due date"];
  if (key === "lateness") return palette.lateness[bar.c[1]] ?? grey;
  if (key === "status") return palette.status[bar.c[3]] ?? grey;
  const index = key === "order" ? bar.c[0] : bar.c[2];
  return index < 0 ? grey : palette.categories[index % palette.categories.length];
}

/**
 * The CSS classes of a bar.
 * @param {Bar} bar
 * @param {number} widthPx
 * @returns {Record<string, boolean>}
 */
export function classesOf(bar, widthPx) {
  return {
    "tk-bar": true,
    "tk-late": bar.c[1] === "late",
    "tk-risk": bar.c[1] === "at risk",
    "tk-violates": Boolean(bar.v),
    "tk-locked": Boolean(bar.lk),
    "tk-fixed": Boolean(bar.lk || bar.fx),
    "tk-started": bar.c[3] === "started",
    "tk-completed": bar.c[3] === "completed",
    "tk-block": Boolean(bar.q),
    "tk-narrow": widthPx < SHOW_PARTS_PX,
    "tk-slim": widthPx >= SHOW_PARTS_PX && widthPx < SHOW_EDGE_PX,
    "tk-moved": bar.k === "moved",
    "tk-resource": bar.k === "resource",
    "tk-added": bar.k === "added",
    "tk-removed": bar.k === "removed",
    "tk-fields": bar.k === "fields",
  };
}

/**
 * What lies inside and before a bar: pauses, progress, setup. Positions are px from its left edge.
 * @param {Bar} bar
 * @param {number} msPerPx
 * @returns {DomNode[]}
 */
export function partsOf(bar, msPerPx) {
  const width = (bar.e - bar.s) / msPerPx;
  /** @type {DomNode[]} */
  const parts = [];
  const setup = setupPart(bar, msPerPx);
  if (setup) parts.push(setup);
  if (width < SHOW_PARTS_PX) return parts;
  for (const [from, to] of bar.z ?? []) {
    const px = (to - from) / msPerPx;
    if (px < SMALLEST_PART_PX) continue;
    const left = (from - bar.s) / msPerPx;
    parts.push({ className: "tk-pause", style: `left:${left.toFixed(1)}px;width:${px.toFixed(1)}px` });
  }
  if (bar.p) parts.push({ className: "tk-done", style: `width:${Math.min(100, bar.p)}%` });
  return parts;
}

/**
 * The setup before a bar: its worked parts, joined by a line over breaks; the widest part carries the text.
 * @param {Bar} bar
 * @param {number} msPerPx
 * @returns {DomNode|null}
 */
function setupPart(bar, msPerPx) {
  if (!bar.su) return null;
  const [start, from, to, work, pauses] = bar.su;
  const total = (bar.s - start) / msPerPx;
  if (total < 1) return null;
  const edges = [start, ...pauses.flat(), bar.s];
  const parts = [];
  for (let i = 0; i < edges.length; i += 2) {
    const px = (edges[i + 1] - edges[i]) / msPerPx;
    if (px > 0) parts.push({ left: (edges[i] - start) / msPerPx, px });
  }
  const widest = parts.reduce((best, part) => (part.px > best.px ? part : best), parts[0]);
  return {
    className: "tk-setup",
    style: `width:${total.toFixed(1)}px`,
    children: parts.map((part) => ({
      className: "tk-setup-part",
      style: `left:${part.left.toFixed(1)}px;width:${part.px.toFixed(1)}px`,
      children: part === widest ? setupText(part.px, `${from} \u2192 ${to}`, duration(work)) : [],
    })),
  };
}

/**
 * @param {number} px
 * @param {string} families
 * @param {string} time
 * @returns {DomNode[]}
 */
function setupText(px, families, time) {
  const text = px >= SETUP_TEXT_PX ? families : px >= SHOW_SETUP_TIME_PX ? time : "";
  return text ? [{ tag: "span", text }] : [];
}

/**
 * The marks and the text on a bar.
 * @param {Bar} bar
 * @param {number} widthPx
 * @param {number} heightPx
 * @returns {DomNode[]}
 */
export function labelOf(bar, widthPx, heightPx) {
  if (widthPx < SHOW_TEXT_PX) {
    const [icon] = widthPx >= SHOW_ICON_PX ? iconsOf(bar, true) : [];
    return icon ? [{ className: "tk-label tk-tight", children: [icon] }] : [];
  }
  const icons = iconsOf(bar, false);
  if (bar.q) return [{ className: "tk-label", children: [{ className: "tk-name", text: `${bar.q} operations` }] }];
  const room = Math.max(1, Math.floor(widthPx / ICON_PX) - 2);
  const first = [...icons.slice(0, room), { className: "tk-name", text: bar.n }];
  /** @type {DomNode[]} */
  const lines = [{ className: "tk-first", children: first }];
  if (bar.t && heightPx >= TWO_LINES_PX && widthPx >= SHOW_SECOND_LINE_PX) {
    lines.push({ className: "tk-second", text: bar.t });
  }
  return [{ className: "tk-label", children: lines }];
}

/**
 * The marks of a bar, the gravest first; on narrow bars the coloured edge says enough about lateness.
 * @param {Bar} bar
 * @param {boolean} narrow
 * @returns {DomNode[]}
 */
function iconsOf(bar, narrow) {
  /** @type {[unknown, string][]} */
  const marks = [
    [bar.v, "tk-icon fa fa-triangle-exclamation tk-bad"],
    [!narrow && bar.c[1] === "late", "tk-icon fa fa-clock tk-bad"],
    [bar.lk, "tk-icon fa fa-lock"],
    [!narrow && bar.c[3] === "completed", "tk-icon fa fa-check"],
    [bar.c[3] === "started", "tk-icon fa fa-play"],
    [!narrow && bar.c[1] === "at risk", "tk-icon fa fa-clock tk-warn"],
  ];
  return marks.filter(([on]) => on).map(([, className]) => ({ tag: "i", className }));
}

/**
 * Where a bar lies within its row.
 * @param {Bar} bar
 * @param {string} row
 * @param {number} rowPx
 * @param {number} marginPx
 * @returns {{top: number, height: number}}
 */
export function placeInRow(bar, row, rowPx, marginPx) {
  const [lane, lanes] = bar.l?.[row] ?? [0, 1];
  const gap = lanes > 1 ? 2 : 0;
  const height = (rowPx - 2 * marginPx - gap * (lanes - 1)) / lanes;
  return { top: marginPx + lane * (height + gap), height };
}
