// @ts-check
/** Pointing at a slot for an operation: the next click on a row says which, Escape or a click elsewhere none. */
import { instant } from "./format.js";

/** @typedef {import("./bars.js").Bar} Bar */
/** @typedef {{row: any, at: number}} Slot */

const EVENTS = /** @type {const} */ (["pointerdown", "mousedown", "mouseup", "click", "dblclick", "contextmenu"]);

/** Lets the planner point at a slot; one at a time. */
export class Pick {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    /** @type {Bar|null} */
    this.bar = null;
    this.onPoint = (/** @type {PointerEvent} */ event) => this.point(event);
    this.onPress = (/** @type {MouseEvent} */ event) => this.press(event);
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.key(event);
  }

  get active() {
    return this.bar !== null;
  }

  /**
   * Ask for a slot for a bar.
   * @param {Bar} bar
   */
  begin(bar) {
    this.end();
    this.bar = bar;
    document.body.classList.add("tk-picking");
    this.board.tip.hide();
    this.board.toasts.show(`Click where ${bar.n} should start. Esc ends it.`);
    document.addEventListener("pointermove", this.onPoint, { capture: true, passive: true });
    document.addEventListener("keydown", this.onKey, { capture: true });
    for (const name of EVENTS) document.addEventListener(name, this.onPress, { capture: true });
  }

  end() {
    this.bar = null;
    document.body.classList.remove("tk-picking");
    this.board.badge.hide();
    document.removeEventListener("pointermove", this.onPoint, { capture: true });
    document.removeEventListener("keydown", this.onKey, { capture: true });
    for (const name of EVENTS) document.removeEventListener(name, this.onPress, { capture: true });
  }

  /**
   * The slot under the pointer, or null beside the rows.
   * @param {MouseEvent} event
   * @returns {Slot|null}
   */
  slotAt(event) {
    const { scheduler, clock } = this.board;
    const area = scheduler.timeAxisSubGridElement.getBoundingClientRect();
    const head = scheduler.headerContainer?.getBoundingClientRect().bottom ?? area.top;
    const { clientX: x, clientY: y } = event;
    if (x < area.left || x > area.right || y < head || y > area.bottom) return null;
    const row = scheduler.resolveResourceRecord(event);
    const date = scheduler.getDateFromDomEvent(event, "round");
    return row && !row.isGroup && date ? { row, at: clock.fromBoard(date) } : null;
  }

  /** @param {PointerEvent} event */
  point(event) {
    const slot = this.slotAt(event);
    const place = { x: event.clientX, y: event.clientY };
    if (!slot || !this.bar) return this.board.badge.hide();
    const nodes = [
      { className: "tk-drag-row", text: slot.row.name },
      { className: "tk-drag-time", text: instant(slot.at, this.board.clock) },
      { className: "tk-drag-shift", text: `Why not ${this.bar.n} here?` },
    ];
    return this.board.badge.show(place, nodes, "fine");
  }

  /** Keep every click from the scheduler, and take the first one. @param {MouseEvent} event */
  press(event) {
    event.preventDefault();
    event.stopPropagation();
    if (event.type !== "click" && event.type !== "contextmenu") return;
    const slot = event.type === "click" ? this.slotAt(event) : null;
    const { bar } = this;
    this.end();
    if (bar && slot) askWhyNot(this.board, bar.id, slot.row, slot.at);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    this.end();
  }
}

/**
 * Ask the program why an operation is not at a slot.
 * @param {import("./board.js").Board} board
 * @param {string} id
 * @param {any} row
 * @param {number} at
 */
export function askWhyNot(board, id, row, at) {
  const fields = { eventId: id, resourceId: String(row.id), start: Math.round(at) };
  return board.gestures.ask("whyNot", fields);
}
