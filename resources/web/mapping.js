// @ts-check
/** From what Python sends to what Bryntum loads, and back: pure functions, no DOM. */

/** @typedef {import("./bars.js").Bar} Bar */
/** @typedef {import("./clock.js").PlantClock} PlantClock */

/** @typedef {{shown: string, base: string, fixed: boolean, ghosts: boolean}} Compared */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} name
 * @property {string} [note]  second line: kind, capacity
 * @property {number} g  index of its group, -1 for none
 * @property {number} cal  index of its shading
 *
 * @typedef {object} Frame what changes seldom: rows, calendars, spans
 * @property {number} revision
 * @property {string} name
 * @property {[number, number][]} offsets
 * @property {{from: number, to: number}} span  the whole time axis
 * @property {{from: number, to: number}} plan  first start and last end of any bar
 * @property {number|null} now
 * @property {number|null} freezeUntil
 * @property {string[]} groups
 * @property {Row[]} rows  in the order shown
 * @property {[number, number][][]} calendars  non-working spans, one list a shading
 * @property {[number, number, number, string][]} outages  row, start, end, reason
 * @property {import("./bars.js").Palette} palette
 * @property {string[]} families  setup families, by the index that bars refer to
 * @property {boolean} preview  whether a run's result is laid over the plan
 * @property {Compared|null} compare  set when the plan is shown over or beside another
 * @property {number} operations
 *
 * @typedef {object} BoardWindow the bars of the visible part
 * @property {number} revision
 * @property {number} from
 * @property {number} to
 * @property {number} rowFrom
 * @property {number} rowTo
 * @property {number} msPerPx
 * @property {{from: number, to: number}} plan  as in the frame, at this revision
 * @property {{from: number, to: number}} span
 * @property {boolean} merged
 * @property {boolean} tight
 * @property {Bar[]} bars
 * @property {string[][]} modes
 * @property {[string, string, string, number][]} deps
 * @property {[string, number, number, string, string][]} ghosts  row, start, end, kind, operation
 * @property {[number, number, number, number][]} heat  group, start, end, utilisation
 * @property {number[]} lanes  bars side by side, by row of the frame
 * @property {number[]} loads  utilisation 0-1 or -1, by row of the frame
 */

export const ROW_PX = 40;
export const BAR_MARGIN_PX = 4;
const LANE_PX = 26;
const MOST_LANES = 6;
const GROUP_PX = 26;
const SMALLEST_SHADE_PX = 3;
const HEAT_TEXT_PX = 34;
/** Beyond this many changed bars, loading the window anew is quicker than changing bars one by one. */
export const MOST_PATCHES = 60;

/**
 * The height of a row that shows `lanes` bars side by side.
 * @param {number} lanes
 * @returns {number}
 */
export function rowHeight(lanes) {
  return lanes <= 1 ? ROW_PX : Math.max(ROW_PX, 14 + LANE_PX * Math.min(lanes, MOST_LANES));
}

/**
 * The rows as resources, a group being the parent of its rows.
 * @param {Frame} frame
 * @param {number[]} lanes
 * @param {number[]} loads
 * @param {Set<string>} collapsed  names of collapsed groups
 * @returns {Record<string, unknown>[]}
 */
export function resourcesOf(frame, lanes, loads, collapsed) {
  /** @type {Map<number, Record<string, unknown>[]>} */
  const members = new Map();
  const flat = frame.rows.map((row, index) => {
    const record = {
      id: row.id,
      name: row.name,
      note: row.note ?? "",
      rowIndex: index,
      load: loads[index] ?? -1,
      rowHeight: rowHeight(lanes[index] ?? 1),
      leaf: true,
    };
    const list = members.get(row.g) ?? [];
    list.push(record);
    members.set(row.g, list);
    return record;
  });
  if (!frame.groups.length) return flat;
  return frame.groups.map((name, index) => ({
    id: groupId(index),
    name,
    isGroup: true,
    rowHeight: GROUP_PX,
    cls: "tk-group",
    expanded: !collapsed.has(name),
    load: mean((members.get(index) ?? []).map((row) => /** @type {number} */ (row.load))),
    children: members.get(index) ?? [],
  }));
}

/** @param {number} index */
export const groupId = (index) => `group:${index}`;

/** @param {number[]} loads */
function mean(loads) {
  const known = loads.filter((load) => load >= 0);
  return known.length ? known.reduce((sum, load) => sum + load, 0) / known.length : -1;
}

/**
 * One bar as an event.
 * @param {Bar} bar
 * @param {PlantClock} clock
 * @param {number} [stamp]  changes with the content, so that a bar whose dates stay is drawn anew
 * @returns {Record<string, unknown>}
 */
export function eventOf(bar, clock, stamp = 0) {
  return {
    id: bar.id,
    name: bar.n,
    startDate: clock.toBoard(bar.s),
    endDate: clock.toBoard(bar.e),
    manuallyScheduled: true,
    resizable: false,
    stamp,
  };
}

/**
 * The assignments of a bar: its row, and the rows of what else it needs.
 * @param {Bar} bar
 * @returns {{id: string, eventId: string, resourceId: string}[]}
 */
export function assignmentsOf(bar) {
  const own = { id: `p:${bar.id}`, eventId: bar.id, resourceId: bar.r };
  const others = (bar.x ?? []).map((row, index) => ({ id: `x${index}:${bar.id}`, eventId: bar.id, resourceId: row }));
  return bar.r ? [own, ...others] : others;
}

/**
 * Whether an assignment is on the bar's main row.
 * @param {string|number} assignmentId
 * @param {Bar} bar
 */
export const isMain = (assignmentId, bar) => String(assignmentId).startsWith("p:") || !bar.r;

/**
 * Everything a window holds, as inline data of a project.
 * @param {Frame} frame
 * @param {BoardWindow} window
 * @param {PlantClock} clock
 * @param {{collapsed: Set<string>, dependencies: [string, string, string, number][]}} options
 */
export function projectData(frame, window, clock, options) {
  return {
    resources: resourcesOf(frame, window.lanes, window.loads, options.collapsed),
    events: window.bars.map((bar) => eventOf(bar, clock)),
    assignments: window.bars.flatMap(assignmentsOf),
    dependencies: options.dependencies.map(dependencyOf),
    resourceTimeRanges: rowRanges(frame, window, clock),
    timeRanges: markers(frame, clock),
  };
}

/** @param {[string, string, string, number]} dependency */
export function dependencyOf([id, from, to, type]) {
  return { id, fromEvent: from, toEvent: to, type };
}

/**
 * Shading, maintenance and, in a preview, the places that bars leave.
 * @param {Frame} frame
 * @param {BoardWindow} window
 * @param {PlantClock} clock
 */
export function rowRanges(frame, window, clock) {
  /** @type {(ReturnType<typeof range> & {style?: string})[]} */
  const ranges = [];
  const smallest = SMALLEST_SHADE_PX * window.msPerPx;
  const shades = frame.calendars.map((spans) =>
    spans.filter(([s, e]) => e > window.from && s < window.to && e - s >= smallest),
  );
  for (let index = window.rowFrom; index < window.rowTo; index++) {
    const row = frame.rows[index];
    shades[row.cal]?.forEach(([s, e], k) => ranges.push(range(`n${k}:${row.id}`, row.id, s, e, "tk-off", "", clock)));
  }
  frame.outages.forEach(([index, s, e, reason], k) => {
    if (index < window.rowFrom || index >= window.rowTo || e <= window.from || s >= window.to) return;
    ranges.push(range(`o${k}`, frame.rows[index].id, s, e, "tk-outage", reason, clock));
  });
  ranges.push(...heatRanges(window, clock));
  window.ghosts.forEach(([row, s, e, kind, op], k) => {
    ranges.push(range(`g${k}:${op}`, row, s, e, `tk-ghost tk-ghost-${kind}`, "", clock));
  });
  return ranges;
}

/**
 * How busy each group is, bucket by bucket.
 * @param {BoardWindow} window
 * @param {PlantClock} clock
 */
export function heatRanges(window, clock) {
  return window.heat.map(([group, s, e, share]) => {
    const label = (e - s) / window.msPerPx >= HEAT_TEXT_PX ? `${Math.round(share * 100)}%` : "";
    const tone = share > 1.001 ? "over" : share > 0.85 ? "high" : "fine";
    const made = range(`h${s}:${group}`, groupId(group), s, e, `tk-heat tk-heat-${tone}`, label, clock);
    return { ...made, style: `--tk-share:${Math.min(100, share * 100).toFixed(0)}%` };
  });
}

/**
 * What differs between ranges that are shown and those that should be.
 * @template {{id: string}} R
 * @param {R[]} shown
 * @param {R[]} wanted
 * @returns {{changed: R[], removed: string[]}} new ones are among the changed
 */
export function rangeChanges(shown, wanted) {
  const old = new Map(shown.map((each) => [each.id, JSON.stringify(each)]));
  const changed = wanted.filter((each) => old.get(each.id) !== JSON.stringify(each));
  for (const each of wanted) old.delete(each.id);
  return { changed, removed: [...old.keys()] };
}

/**
 * @param {string} id
 * @param {string} resourceId
 * @param {number} s
 * @param {number} e
 * @param {string} cls
 * @param {string} name
 * @param {PlantClock} clock
 */
function range(id, resourceId, s, e, cls, name, clock) {
  return { id, resourceId, startDate: clock.toBoard(s), endDate: clock.toBoard(e), cls, name };
}

/**
 * The now line and the freeze fence.
 * @param {Frame} frame
 * @param {PlantClock} clock
 */
export function markers(frame, clock) {
  const out = [];
  if (frame.freezeUntil !== null) {
    const from = Math.min(frame.now ?? frame.span.from, frame.freezeUntil);
    out.push({
      id: "frozen",
      name: "Frozen",
      cls: "tk-frozen",
      startDate: clock.toBoard(from),
      endDate: clock.toBoard(frame.freezeUntil),
    });
  }
  if (frame.now !== null) {
    out.push({ id: "now", name: "Now", cls: "tk-now", startDate: clock.toBoard(frame.now) });
  }
  return out;
}

/**
 * What differs between the bars shown and the bars that should be.
 * @param {Map<string, Bar>} shown
 * @param {Bar[]} wanted
 * @returns {{added: Bar[], changed: Bar[], removed: string[]}}
 */
export function barChanges(shown, wanted) {
  const added = [];
  const changed = [];
  const seen = new Set();
  for (const bar of wanted) {
    seen.add(bar.id);
    const old = shown.get(bar.id);
    if (!old) added.push(bar);
    else if (JSON.stringify(old) !== JSON.stringify(bar)) changed.push(bar);
  }
  return { added, changed, removed: [...shown.keys()].filter((id) => !seen.has(id)) };
}

/**
 * The dependencies to draw: none, those of some orders' bars, and all between two rows that are in sight. Lines to rows
 * that are not would run in bundles across those that are.
 * @param {[string, string, string, number][]} all
 * @param {Map<string, Bar>} bars
 * @param {{rows: Set<string>|null, orders: Set<string>, operations: Set<string>}} wanted  rows: those in sight
 * @returns {[string, string, string, number][]}
 */
export function dependenciesToDraw(all, bars, wanted) {
  const { rows, orders, operations } = wanted;
  if (!rows && !orders.size && !operations.size) return [];
  const chosen = (/** @type {string} */ id) => operations.has(id) || orders.has(bars.get(id)?.o ?? "");
  const inSight = (/** @type {string} */ id) => rows?.has(bars.get(id)?.r ?? "") ?? false;
  return all.filter(([, from, to]) => chosen(from) || chosen(to) || (inSight(from) && inSight(to)));
}

/** Sets of rows that operations can run on, numbered once for the whole page, so that bars can be compared. */
export class ModeSets {
  constructor() {
    /** @type {string[][]} */
    this.sets = [];
    /** @type {Map<string, number>} */
    this.known = new Map();
  }

  /**
   * Number the sets that an answer's bars refer to as the page does.
   * @param {Bar[]} bars
   * @param {string[][]} sets
   */
  adopt(bars, sets) {
    const numbers = sets.map((set) => this.number(set));
    for (const bar of bars) if (bar.m !== undefined) bar.m = numbers[bar.m];
  }

  /** @param {string[]} set */
  number(set) {
    const key = set.join("\n");
    const known = this.known.get(key);
    if (known !== undefined) return known;
    this.known.set(key, this.sets.push(set) - 1);
    return this.sets.length - 1;
  }
}
