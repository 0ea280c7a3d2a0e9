// @ts-check
/** Keys and wheel: what Bryntum has no gesture for. */

/** @typedef {import("./bars.js").Bar} Bar */

const WHEEL_STEP = 90;
const MOST_STEPS = 3;

/** The keyboard and the wheel of one board. */
export class Keys {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    this.wheel = 0;
    this.zooming = false;
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    const { board } = this;
    if (!event.ctrlKey) {
      board.tip.hide();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.wheel += event.deltaY;
    if (Math.abs(this.wheel) < WHEEL_STEP || this.zooming) return;
    const steps = Math.trunc(this.wheel / WHEEL_STEP);
    this.wheel = 0;
    this.zooming = true;
    const grid = board.scheduler.timeAxisSubGrid;
    const left = grid.element.getBoundingClientRect().left;
    const share = Math.min(1, Math.max(0, (event.clientX - left) / grid.width));
    const { from, to } = board.viewport.view();
    requestAnimationFrame(async () => {
      const level = board.viewport.level + Math.max(-MOST_STEPS, Math.min(MOST_STEPS, steps));
      await board.viewport.setLevel(level, from + (to - from) * share, share);
      this.zooming = false;
    });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const { board } = this;
    if (!board.scheduler || event.target instanceof HTMLInputElement || document.querySelector(".b-menu")) return;
    if (event.altKey || board.gestures.dragging) return;
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const action = control ? this.controlAction(key, event.shiftKey) : this.plainAction(key);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    board.tip.hide();
    action();
  }

  /**
   * @param {string} key
   * @param {boolean} shift
   * @returns {(() => unknown)|undefined}
   */
  controlAction(key, shift) {
    const { gestures, readOnly, viewport } = this.board;
    /** @type {Record<string, () => unknown>} */
    const always = {
      "+": () => viewport.zoom("in"),
      "=": () => viewport.zoom("in"),
      "-": () => viewport.zoom("out"),
      0: () => viewport.zoom("fit"),
    };
    /** @type {Record<string, () => unknown>} */
    const editing = { z: () => gestures.stepBack(shift ? "redo" : "undo"), y: () => gestures.stepBack("redo") };
    return always[key] ?? (readOnly ? undefined : editing[key]);
  }

  /**
   * @param {string} key
   * @returns {(() => unknown)|undefined}
   */
  plainAction(key) {
    const { board } = this;
    if (key === "escape") return () => board.select([]);
    const ids = board.selectedOperations();
    if (!ids.length) return undefined;
    if (key.startsWith("arrow")) return () => this.moveSelection(key);
    const edit = () => board.bridge.call("edit", { eventId: ids[0] });
    /** @type {Record<string, () => unknown>} */
    const editing = {
      delete: () => board.gestures.unschedule(ids),
      l: () => board.gestures.lock(ids, !ids.every((id) => board.bars.get(id)?.lk)),
      enter: edit,
      f2: edit,
    };
    return board.readOnly ? undefined : editing[key];
  }

  /** Select the next bar on the row, or the nearest one on the row above or below. @param {string} key */
  moveSelection(key) {
    const { board } = this;
    const current = board.bars.get([...board.selected][0]);
    if (!current || !board.frame) return;
    const next = neighbour(current, key, [...board.bars.values()], board.frame.rows.map((row) => row.id));
    if (!next) return;
    board.select([next.id]);
    const record = board.scheduler.eventStore.getById(next.id);
    if (record) void board.scheduler.scrollEventIntoView(record, { animate: false, edgeOffset: 40 });
  }
}

/**
 * The bar that an arrow key goes to.
 * @param {Bar} current
 * @param {string} key
 * @param {Bar[]} bars
 * @param {string[]} rows
 * @returns {Bar|null}
 */
export function neighbour(current, key, bars, rows) {
  const same = bars.filter((bar) => bar.r === current.r && bar.id !== current.id).sort((a, b) => a.s - b.s);
  if (key === "arrowright") return same.find((bar) => bar.s > current.s) ?? null;
  if (key === "arrowleft") return same.filter((bar) => bar.s < current.s).at(-1) ?? null;
  const step = key === "arrowdown" ? 1 : -1;
  const middle = (current.s + current.e) / 2;
  for (let index = rows.indexOf(current.r) + step; index >= 0 && index < rows.length; index += step) {
    const there = bars.filter((bar) => bar.r === rows[index]);
    if (!there.length) continue;
    const distance = (/** @type {Bar} */ bar) => Math.max(0, bar.s - middle, middle - bar.e);
    return there.reduce((best, bar) => (distance(bar) < distance(best) ? bar : best));
  }
  return null;
}
