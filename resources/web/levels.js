// @ts-check
/** The zoom levels of the board, finest first, and the grid that a dragged bar snaps to at each. */
import { DAY, HOUR, MINUTE, isoWeek, nameOf } from "./format.js";

/**
 * @typedef {object} Level
 * @property {string} id
 * @property {"minute"|"hour"|"day"|"week"|"month"} unit
 * @property {number} increment
 * @property {number} tickMs  how long one tick is (a month counts 30 days)
 * @property {number} tickWidth  px
 * @property {number} msPerPx
 * @property {number} snapMinutes  the grid for dragging
 * @property {"day"|"week"|"month"|"year"} top  what the upper header row shows
 */

const WEEK = 7 * DAY;
const MONTH = 30 * DAY;
const GRID_MINUTES = [1, 5, 10, 15, 30, 60, 120, 240, 480, 1440, 10_080];
const SMALLEST_SNAP_PX = 4;
/** Ticks are records to the time axis, so a long plan gets its axis in parts. */
export const MAX_TICKS = 3000;

/** @type {[Level["unit"], number, number, number[], Level["top"]][]} */
const BANDS = [
  ["minute", 15, 15 * MINUTE, [96, 68, 50], "day"],
  ["minute", 30, 30 * MINUTE, [72, 52], "day"],
  ["hour", 1, HOUR, [76, 54], "day"],
  ["hour", 2, 2 * HOUR, [78, 56], "day"],
  ["hour", 4, 4 * HOUR, [80, 58], "day"],
  ["hour", 6, 6 * HOUR, [62, 44], "day"],
  ["day", 1, DAY, [124, 90, 64, 46, 33], "week"],
  ["week", 1, WEEK, [168, 120, 86, 62], "month"],
  ["month", 1, MONTH, [190, 135, 96, 68], "year"],
];

/** @type {Level[]} */
export const LEVELS = BANDS.flatMap(([unit, increment, tickMs, widths, top]) =>
  widths.map((tickWidth) => {
    const msPerPx = tickMs / tickWidth;
    const snapMinutes = GRID_MINUTES.find((m) => (m * MINUTE) / msPerPx >= SMALLEST_SNAP_PX) ?? 10_080;
    return { id: `${unit}${increment}-${tickWidth}`, unit, increment, tickMs, tickWidth, msPerPx, snapMinutes, top };
  }),
);

/**
 * The index of the finest level at which `spanMs` fits into `widthPx`.
 * @param {number} spanMs
 * @param {number} widthPx
 * @returns {number}
 */
export function levelToFit(spanMs, widthPx) {
  const index = LEVELS.findIndex((level) => spanMs / level.msPerPx <= widthPx);
  return index < 0 ? LEVELS.length - 1 : index;
}

/**
 * The index of the level nearest to a scale.
 * @param {number} msPerPx
 * @returns {number}
 */
export function levelNearest(msPerPx) {
  let best = 0;
  LEVELS.forEach((level, index) => {
    const off = Math.abs(Math.log(level.msPerPx / msPerPx));
    if (off < Math.abs(Math.log(LEVELS[best].msPerPx / msPerPx))) best = index;
  });
  return best;
}

/**
 * The part of the whole span that the time axis covers at a level: all of it, or `MAX_TICKS` around the centre.
 * @param {{from: number, to: number}} whole
 * @param {Level} level
 * @param {number} centre
 * @param {number} leastPx  the axis is at least so long, so that it fills the screen
 * @returns {{from: number, to: number}}
 */
export function axisSpan(whole, level, centre, leastPx = 0) {
  const longest = MAX_TICKS * level.tickMs;
  const to = Math.max(whole.to, whole.from + leastPx * level.msPerPx);
  if (to - whole.from <= longest) return { from: whole.from, to };
  const wanted = Math.min(Math.max(whole.from, centre - longest / 2), whole.to - longest);
  const from = wanted - ((wanted - whole.from) % DAY);
  return { from, to: from + longest };
}

/**
 * The texts of a header cell. Dates are the axis's own (browser-local fields).
 * @param {Date} date
 * @param {Level} level
 * @returns {{text: string, minor?: string}}
 */
export function tickText(date, level) {
  if (level.unit === "day") {
    const number = String(date.getDate());
    return level.tickWidth >= 60 ? { text: nameOf(date, "weekday"), minor: number } : { text: number };
  }
  if (level.unit === "week") {
    const first = `${date.getDate()} ${nameOf(date, "month")}`;
    return level.tickWidth >= 110 ? { text: `Week ${isoWeek(date)}`, minor: first } : { text: `W${isoWeek(date)}` };
  }
  if (level.unit === "month") return { text: nameOf(date, level.tickWidth >= 96 ? "longMonth" : "month") };
  return { text: `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}` };
}

/**
 * The text of an upper header cell.
 * @param {Date} date
 * @param {Level} level
 * @returns {string}
 */
export function topText(date, level) {
  const month = `${nameOf(date, "longMonth")} ${date.getFullYear()}`;
  if (level.top === "year") return String(date.getFullYear());
  if (level.top === "month") return month;
  if (level.top === "week") return `Week ${isoWeek(date)} \u00b7 ${month}`;
  return `${nameOf(date, "weekday")} ${date.getDate()} ${month}`;
}
