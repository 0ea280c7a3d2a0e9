// @ts-check
/** Dragging a bar: which rows take it, where it would really lie, and what Python makes of the drop. */
import { duration, span } from "./format.js";
import { isMain } from "./mapping.js";
import { setRule } from "./overlays.js";

/** @typedef {import("./bars.js").Bar} Bar */

const PROBE_MS = 60;
const STILL_PX = 5;
const MOST_NAMES = 4;

/** The drag on one board. */
export class Drag {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    this.active = false;
    /** @type {{bar: Bar, x: number, able: Set<string>|null}|null} */
    this.current = null;
    this.probed = 0;
    /** @type {{key: string, answer: any}|null} */
    this.probe = null;
    /** The row under the pointer when it cannot take the bar. @type {any} */
    this.refused = null;
  }

  /** @param {any} event */
  mayDrag({ eventRecord, assignmentRecord }) {
    this.board.tip.hide();
    const { board } = this;
    const bar = board.bars.get(String(eventRecord.id));
    if (!bar) return false;
    const why = refusal(bar, board, assignmentRecord && !isMain(assignmentRecord.id, bar));
    if (why) {
      board.toasts.show(why, "warn");
      return false;
    }
    if (board.selected.size > 1) board.select([bar.id]);
    return true;
  }

  /** @param {any} event */
  onDragStart({ eventRecords }) {
    const bar = this.board.bars.get(String(eventRecords[0].id));
    if (!bar) return;
    const rows = bar.m === undefined ? (bar.r ? [bar.r] : null) : this.board.modes.sets[bar.m] ?? null;
    this.current = { bar, x: this.board.gestures.pointer.x, able: rows ? new Set(rows) : null };
    this.active = true;
    document.body.classList.add("tk-dragging");
    this.markRows();
  }

  /** Fade the rows that cannot take the dragged bar, those included that scroll into view during the drag. */
  markRows() {
    const able = this.current?.able;
    const open = [...(able ?? [])].map((id) => `[data-id="${CSS.escape(id)}"]`).join(",");
    const closed = `.b-grid-row:not(${open || ".tk-none"})`;
    setRule("tk-closed", able ? `${closed}{opacity:.38;filter:grayscale(.6)}` : "");
  }

  /** @param {any} context */
  validate({ newResource }) {
    const able = this.current?.able;
    if (!able || !newResource || able.has(String(newResource.id))) return true;
    return { valid: false, message: "" };
  }

  /** @param {any} event */
  onDrag({ newResource, startDate }) {
    if (!this.current) return;
    const { bar, able } = this.current;
    const row = newResource ? String(newResource.id) : bar.r;
    this.refused = able && !able.has(row) ? newResource : null;
    if (this.refused) {
      this.board.badge.show(this.board.gestures.pointer, this.refusedNodes(bar, newResource), "bad");
      return;
    }
    const start = this.startOf(startDate);
    const key = `${row}\n${start}`;
    if (this.probe?.key === key) {
      this.showProbe(this.probe.answer, newResource);
      return;
    }
    this.showProbe(null, newResource, start);
    window.clearTimeout(this.probed);
    this.probed = window.setTimeout(async () => {
      const answer = await this.board.bridge
        .call("probe", { eventId: bar.id, resourceId: row || null, start: Math.round(start) })
        .catch(() => null);
      if (!answer || !this.current) return;
      this.probe = { key, answer };
      this.showProbe(answer, newResource);
    }, PROBE_MS);
  }

  /** @param {Date} date @returns {number} where the bar would start; its own start when it was hardly moved in time */
  startOf(date) {
    const { current: drag, board } = this;
    if (!drag) return 0;
    if (Math.abs(this.board.gestures.pointer.x - drag.x) < STILL_PX) return drag.bar.s;
    return board.clock.fromBoard(date);
  }

  /**
   * @param {any} answer
   * @param {any} resource
   * @param {number} [start]
   */
  showProbe(answer, resource, start) {
    const drag = this.current;
    if (!drag) return;
    const { clock } = this.board;
    const name = { className: "tk-drag-row", text: resource?.name ?? "" };
    if (!answer) {
      const from = start ?? drag.bar.s;
      const text = span(from, from + drag.bar.e - drag.bar.s, clock);
      this.board.badge.show(this.board.gestures.pointer, [name, { className: "tk-drag-time", text }], "fine");
      return;
    }
    if (!answer.ok) {
      const why = { className: "tk-drag-why", text: answer.reason };
      this.board.badge.show(this.board.gestures.pointer, [name, why], "bad");
      return;
    }
    const shift = answer.start - drag.bar.s;
    const change = shift ? `${shift > 0 ? "+" : ""}${duration(shift)}` : "same time";
    const nodes = [
      name,
      { className: "tk-drag-time", text: span(answer.start, answer.end, clock) },
      { className: "tk-drag-shift", text: change },
      ...answer.warnings.map((/** @type {string} */ text) => ({ className: "tk-drag-why", text })),
    ];
    this.board.badge.show(this.board.gestures.pointer, nodes, answer.warnings.length ? "warn" : "fine");
  }

  /**
   * @param {Bar} bar
   * @param {any} resource
   */
  refusedNodes(bar, resource) {
    const store = this.board.scheduler.resourceStore;
    const names = [...(this.current?.able ?? [])].map((id) => store.getById(id)?.name ?? id);
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
    return [
      { className: "tk-drag-row", text: `${bar.n} cannot run on ${resource.name}` },
      { className: "tk-drag-why", text: `It can run on ${names.slice(0, MOST_NAMES).join(", ")}${more}` },
    ];
  }

  /** Bryntum has put a bar back that was dropped where it cannot go, or has ended a drop that we answered. */
  afterDrop(/** @type {boolean} */ valid) {
    if (!valid && this.current && this.refused) {
      const [first, second] = this.refusedNodes(this.current.bar, this.refused);
      this.board.toasts.show(`${first.text}. ${second.text}.`, "warn");
    }
    this.endDrag();
  }

  /** @param {any} event */
  onDrop({ context }) {
    const drag = this.current;
    context.async = true;
    if (!drag || !context.valid) {
      context.finalize(false);
      return;
    }
    const row = context.newResource && !context.newResource.isGroup ? String(context.newResource.id) : drag.bar.r;
    void this.finishDrop(context, drag.bar, row, this.startOf(context.startDate));
  }

  /**
   * @param {any} context
   * @param {Bar} bar
   * @param {string} row
   * @param {number} start
   */
  async finishDrop(context, bar, row, start) {
    this.board.badge.hide();
    const command = { kind: "move", eventId: bar.id, start: new Date(Math.round(start)).toISOString() };
    const answer = await this.board.gestures.execute(bar.r ? { ...command, resourceId: row } : command);
    context.finalize(false);
    this.endDrag();
    if (answer) this.board.applyAnswer(answer);
  }

  /** End a drag that lost its ground, as the Escape key does. */
  cancel() {
    if (!this.active) return;
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    this.endDrag();
  }

  endDrag() {
    this.active = false;
    this.current = null;
    this.probe = null;
    this.refused = null;
    window.clearTimeout(this.probed);
    this.board.badge.hide();
    document.body.classList.remove("tk-dragging");
    this.markRows();
    if (this.board.loader.again) void this.board.loader.refill(false);
  }
}

/**
 * Why a bar may not be dragged, or null.
 * @param {Bar} bar
 * @param {import("./board.js").Board} board
 * @param {boolean} secondary
 */
function refusal(bar, board, secondary) {
  if (board.readOnly) return "This board only shows a plan.";
  if (board.frame?.compare?.fixed) return "This board shows another plan for comparison.";
  if (board.frame?.preview) return "This is a preview. Apply or discard it before you change the plan.";
  if (bar.q) return `These are ${bar.q} operations. Zoom in to move one of them.`;
  if (bar.lk) return `${bar.n} is locked. Unlock it first (L).`;
  if (bar.fx) return `${bar.n} has ${bar.c[3] === "completed" ? "been completed" : "begun"} and stays where it is.`;
  if (secondary) return `${bar.n} is only needed here. Move it on its own row.`;
  return null;
}
