// @ts-check
/** Which part of the plan the board holds: it keeps the visible part and about one screen around it. */

/**
 * @typedef {object} View what is on the screen
 * @property {number} from  ms
 * @property {number} to
 * @property {number} rowFrom  index of the first visible row, in the order of the frame
 * @property {number} rowTo  index after the last one
 * @property {number} msPerPx
 */

/**
 * @typedef {object} Loaded what the board holds
 * @property {number} from
 * @property {number} to
 * @property {number} rowFrom
 * @property {number} rowTo
 * @property {number} msPerPx  the scale it was made for
 * @property {boolean} merged  whether narrow neighbours were drawn as one block
 * @property {boolean} tight  whether there was no room for a margin around the view
 */

/**
 * @typedef {object} WindowRequest
 * @property {number} from
 * @property {number} to
 * @property {number} rowFrom
 * @property {number} rowTo
 * @property {number} viewFrom
 * @property {number} viewTo
 * @property {number} msPerPx
 */

/** How much of a screen must still be loaded beyond the edge before more is fetched. */
const NEAR = 0.35;
/** Merged blocks are made anew when the scale changes by more than this. */
const MERGED_SCALE = 1.3;
/** Shading leaves out what is too narrow, so a window serves no scale that differs by more than this. */
const SHADED_SCALE = 2.2;

/**
 * What to fetch for a view, or null when what is loaded will do.
 * @param {View} view
 * @param {Loaded|null} loaded
 * @param {{from: number, to: number}} axis  the whole time axis
 * @param {number} rowCount
 * @returns {WindowRequest|null}
 */
export function refillFor(view, loaded, axis, rowCount) {
  if (loaded && covers(view, loaded, axis, rowCount) && detailFits(view, loaded)) return null;
  const time = view.to - view.from;
  const rows = view.rowTo - view.rowFrom;
  return {
    from: view.from - time,
    to: view.to + time,
    rowFrom: Math.max(0, view.rowFrom - rows),
    rowTo: Math.min(rowCount, view.rowTo + rows),
    viewFrom: view.rowFrom,
    viewTo: view.rowTo,
    msPerPx: view.msPerPx,
  };
}

/**
 * @param {View} view
 * @param {Loaded} loaded
 * @param {{from: number, to: number}} axis
 * @param {number} rowCount
 */
function covers(view, loaded, axis, rowCount) {
  const near = loaded.tight ? 0 : NEAR;
  const time = near * (view.to - view.from);
  const rows = Math.ceil(near * (view.rowTo - view.rowFrom));
  return (
    loaded.from <= Math.max(axis.from, view.from - time) &&
    loaded.to >= Math.min(axis.to, view.to + time) &&
    loaded.rowFrom <= Math.max(0, view.rowFrom - rows) &&
    loaded.rowTo >= Math.min(rowCount, view.rowTo + rows)
  );
}

/**
 * @param {View} view
 * @param {Loaded} loaded
 */
function detailFits(view, loaded) {
  const most = loaded.merged ? MERGED_SCALE : SHADED_SCALE;
  return Math.abs(Math.log(view.msPerPx / loaded.msPerPx)) < Math.log(most);
}

/**
 * @typedef {object} Look where a board looks
 * @property {number} at  the left edge, ms
 * @property {number} level  index of the zoom level
 * @property {number} top  px above the upper edge
 * @property {string[]} folded  names of the collapsed groups
 */

/**
 * Whether a board that looks at `b` need not be told of `a`. Rounding moves an edge by up to a pixel.
 * @param {Look|null} a
 * @param {Look|null} b
 * @param {number} msPerPx
 */
export function sameLook(a, b, msPerPx) {
  if (!a || !b) return a === b;
  return (
    a.level === b.level &&
    Math.abs(a.at - b.at) <= 1.5 * msPerPx &&
    Math.abs(a.top - b.top) <= 1 &&
    a.folded.join("\n") === b.folded.join("\n")
  );
}
