// @ts-check
/** What the planner does with the mouse and the keyboard. Each gesture is one call; the board shows what comes back. */
import { BridgeError } from "./bridge.js";
import { blockTooltip, tooltipOf } from "./details.js";
import { duration, span } from "./format.js";
import { LEVELS } from "./levels.js";
import { isMain } from "./mapping.js";
import { setRule } from "./overlays.js";

/** @typedef {import("./bars.js").Bar} Bar */

const PROBE_MS = 60;
const STILL_PX = 5;
const WHEEL_STEP = 90;
const MOST_NAMES = 4;

/** The gestures on one board. */
export class Gestures {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    this.tip = board.tip;
    this.badge = board.badge;
    this.pointer = { x: 0, y: 0 };
    this.dragging = false;
    /** @type {{bar: Bar, x: number, able: Set<string>|null}|null} */
    this.drag = null;
    this.wheel = 0;
    this.probed = 0;
    /** @type {{key: string, answer: any}|null} */
    this.probe = null;
  }

  /** The scheduler's listeners. */
  listeners() {
    return {
      eventSelectionChange: () => this.onSelection(),
      eventDblClick: (/** @type {any} */ e) => this.onDoubleClick(e.eventRecord),
      eventMouseEnter: (/** @type {any} */ e) => this.onEnter(e.eventRecord),
      eventMouseLeave: () => this.tip.hide(),
      beforeEventDrag: (/** @type {any} */ e) => this.mayDrag(e),
      eventDragStart: (/** @type {any} */ e) => this.onDragStart(e),
      eventDrag: (/** @type {any} */ e) => this.onDrag(e),
      beforeEventDropFinalize: (/** @type {any} */ e) => this.onDrop(e),
      eventDragAbort: () => this.endDrag(),
      afterEventDrop: (/** @type {any} */ e) => this.afterDrop(e.valid),
      beforeEventEdit: () => false,
      beforeEventDelete: () => false,
      beforeAssignmentDelete: () => false,
      expandNode: (/** @type {any} */ e) => this.onToggle(e.record, false),
      collapseNode: (/** @type {any} */ e) => this.onToggle(e.record, true),
    };
  }

  /** The features that are gestures. */
  features() {
    return {
      eventDrag: {
        showTooltip: false,
        constrainDragToTimeline: true,
        validatorFn: (/** @type {any} */ context) => this.validate(context),
      },
      eventMenu: {
        items: {
          editEvent: false,
          deleteEvent: false,
          unassignEvent: false,
          copyEvent: false,
          cutEvent: false,
          splitEvent: false,
          renameSegment: false,
          eventColor: false,
          linkEvents: false,
          unlinkEvents: false,
        },
        processItems: (/** @type {any} */ context) => this.menuFor(context),
      },
      scheduleMenu: {
        items: { addEvent: false, pasteEvent: false, splitGrid: false },
        processItems: (/** @type {any} */ context) => this.scheduleMenu(context),
      },
    };
  }

  /** Listen to what Bryntum has no gesture for. */
  attach() {
    const element = this.board.scheduler.element;
    element.addEventListener("pointermove", (/** @type {PointerEvent} */ e) => (this.pointer = { x: e.clientX, y: e.clientY }), {
      capture: true,
      passive: true,
    });
    element.addEventListener("wheel", (/** @type {WheelEvent} */ e) => this.onWheel(e), { capture: true, passive: false });
    element.addEventListener("pointerdown", () => this.tip.hide(), { capture: true });
    if (!Gestures.keys) document.addEventListener("keydown", (e) => Gestures.keys?.onKey(e), { capture: true });
    Gestures.keys = this;
  }

  /** @type {Gestures|null} */
  static keys = null;

  // selection, tooltip

  onSelection() {
    const { board } = this;
    if (board.swapping || !board.scheduler) return;
    board.selected = new Set(board.scheduler.selectedEvents.map((/** @type {any} */ r) => String(r.id)));
    board.afterSelection();
  }

  /** @param {any} record */
  onEnter(record) {
    if (this.dragging) return;
    const { board } = this;
    const bar = board.bars.get(String(record.id));
    if (!bar) return;
    this.tip.soon(
      () => this.pointer,
      async () => (bar.q ? blockTooltip(bar, board.clock) : tooltipOf(await board.bridge.call("details", { eventId: bar.id }), board.clock)),
    );
  }

  /** @param {any} record */
  onDoubleClick(record) {
    this.tip.hide();
    const bar = this.board.bars.get(String(record.id));
    if (!bar) return;
    if (bar.q) void this.board.showSpan(bar.s, bar.e);
    else void this.board.bridge.call("edit", { eventId: bar.id });
  }

  /**
   * @param {any} record
   * @param {boolean} collapsed
   */
  onToggle(record, collapsed) {
    if (collapsed) this.board.collapsed.add(record.name);
    else this.board.collapsed.delete(record.name);
    this.board.onMoved();
  }

  // drag

  /** @param {any} event */
  mayDrag({ eventRecord, assignmentRecord }) {
    this.tip.hide();
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
    this.drag = { bar, x: this.pointer.x, able: rows ? new Set(rows) : null };
    this.dragging = true;
    document.body.classList.add("tk-dragging");
    this.markRows();
  }

  /** Fade the rows that cannot take the dragged bar, those included that scroll into view during the drag. */
  markRows() {
    const able = this.drag?.able;
    const open = [...(able ?? [])].map((id) => `[data-id="${CSS.escape(id)}"]`).join(",");
    const closed = `.b-grid-row:not(${open || ".tk-none"})`;
    setRule("tk-closed", able ? `${closed}{opacity:.38;filter:grayscale(.6)}` : "");
  }

  /** @param {any} context */
  validate({ newResource }) {
    const able = this.drag?.able;
    if (!able || !newResource || able.has(String(newResource.id))) return true;
    return { valid: false, message: "" };
  }

  /** @param {any} event */
  onDrag({ newResource, startDate }) {
    if (!this.drag) return;
    const { bar, able } = this.drag;
    const row = newResource ? String(newResource.id) : bar.r;
    this.refused = able && !able.has(row) ? newResource : null;
    if (this.refused) {
      this.badge.show(this.pointer, this.refusedNodes(bar, newResource), "bad");
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
      if (!answer || !this.drag) return;
      this.probe = { key, answer };
      this.showProbe(answer, newResource);
    }, PROBE_MS);
  }

  /** @param {Date} date @returns {number} where the bar would start; its own start when it was hardly moved in time */
  startOf(date) {
    const { drag, board } = this;
    if (!drag) return 0;
    if (Math.abs(this.pointer.x - drag.x) < STILL_PX) return drag.bar.s;
    return board.clock.fromBoard(date);
  }

  /**
   * @param {any} answer
   * @param {any} resource
   * @param {number} [start]
   */
  showProbe(answer, resource, start) {
    const drag = this.drag;
    if (!drag) return;
    const { clock } = this.board;
    const name = { className: "tk-drag-row", text: resource?.name ?? "" };
    if (!answer) {
      const from = start ?? drag.bar.s;
      const text = span(from, from + drag.bar.e - drag.bar.s, clock);
      this.badge.show(this.pointer, [name, { className: "tk-drag-time", text }], "fine");
      return;
    }
    if (!answer.ok) {
      this.badge.show(this.pointer, [name, { className: "tk-drag-why", text: answer.reason }], "bad");
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
    this.badge.show(this.pointer, nodes, answer.warnings.length ? "warn" : "fine");
  }

  /**
   * @param {Bar} bar
   * @param {any} resource
   */
  refusedNodes(bar, resource) {
    const names = [...(this.drag?.able ?? [])].map((id) => this.board.scheduler.resourceStore.getById(id)?.name ?? id);
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
    return [
      { className: "tk-drag-row", text: `${bar.n} cannot run on ${resource.name}` },
      { className: "tk-drag-why", text: `It can run on ${names.slice(0, MOST_NAMES).join(", ")}${more}` },
    ];
  }

  /** Bryntum has put a bar back that was dropped where it cannot go, or has ended a drop that we answered. */
  afterDrop(/** @type {boolean} */ valid) {
    if (!valid && this.drag && this.refused) {
      const [first, second] = this.refusedNodes(this.drag.bar, this.refused);
      this.board.toasts.show(`${first.text}. ${second.text}.`, "warn");
    }
    this.endDrag();
  }

  /** @param {any} event */
  onDrop({ context }) {
    const drag = this.drag;
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
    this.badge.hide();
    const command = { kind: "move", eventId: bar.id, start: new Date(Math.round(start)).toISOString() };
    const answer = await this.execute(bar.r ? { ...command, resourceId: row } : command);
    context.finalize(false);
    this.endDrag();
    if (answer) this.board.applyAnswer(answer);
  }

  /** End a drag that lost its ground, as the Escape key does. */
  cancel() {
    if (!this.dragging) return;
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    this.endDrag();
  }

  endDrag() {
    this.dragging = false;
    this.drag = null;
    this.probe = null;
    this.refused = null;
    window.clearTimeout(this.probed);
    this.badge.hide();
    document.body.classList.remove("tk-dragging");
    this.markRows();
    if (this.board.again) void this.board.refill(false);
  }

  // commands

  /**
   * @param {Record<string, unknown>} command
   * @returns {Promise<any>} the answer, or null when it was refused (the planner has been told)
   */
  async execute(command) {
    return this.ask("execute", { command });
  }

  /**
   * @param {string} method
   * @param {Record<string, unknown>} [fields]
   */
  async ask(method, fields) {
    try {
      return await this.board.bridge.call(method, fields);
    } catch (error) {
      const known = error instanceof BridgeError;
      this.board.toasts.show(known ? error.message : "That could not be done.", known && error.code === "E005" ? "warn" : "bad");
      return null;
    }
  }

  /** @param {Record<string, unknown>} command */
  async run(command) {
    const answer = await this.execute(command);
    if (answer) this.board.applyAnswer(answer);
  }

  /** @param {string[]} ids @param {boolean} locked */
  lock(ids, locked) {
    return this.run({ kind: "lock", eventIds: ids, locked });
  }

  /** @param {string[]} ids */
  unschedule(ids) {
    return this.run({ kind: "unschedule", eventIds: ids });
  }

  // menus

  /** @param {any} context */
  menuFor({ eventRecord, items }) {
    const { board } = this;
    this.tip.hide();
    const bar = board.bars.get(String(eventRecord.id));
    if (!bar || bar.q) return false;
    if (!board.selected.has(bar.id)) board.select([bar.id]);
    const ids = [...board.selected].filter((id) => !board.bars.get(id)?.q);
    const locked = ids.every((id) => board.bars.get(id)?.lk);
    const many = ids.length > 1 ? ` ${ids.length} operations` : "";
    const edits = {
      edit: { text: "Edit\u2026", icon: "fa fa-pen", weight: 10, onItem: () => board.bridge.call("edit", { eventId: bar.id }) },
      lock: {
        text: `${locked ? "Unlock" : "Lock"}${many}`,
        icon: locked ? "fa fa-lock-open" : "fa fa-lock",
        weight: 20,
        onItem: () => this.lock(ids, !locked),
      },
      unschedule: { text: `Unschedule${many}`, icon: "fa fa-inbox", weight: 30, onItem: () => this.unschedule(ids) },
    };
    const looks = {
      order: bar.o && {
        text: "Go to order",
        icon: "fa fa-file-lines",
        weight: 40,
        cls: "b-separator",
        onItem: () => board.bridge.call("order", { orderId: bar.o }),
      },
      chain: { text: "Select predecessors", icon: "fa fa-diagram-project", weight: 50, onItem: () => this.selectChain(bar.id) },
      optimise: {
        text: "Optimise around this\u2026",
        icon: "fa fa-wand-magic-sparkles",
        weight: 60,
        onItem: () => board.bridge.call("optimise", { eventIds: ids }),
      },
    };
    Object.assign(items, board.readOnly ? {} : edits, looks);
    return true;
  }

  /** @param {any} context */
  scheduleMenu({ items, date }) {
    const { board } = this;
    const now = board.frame?.now;
    Object.assign(items, {
      fit: { text: "Fit the plan", icon: "fa fa-arrows-left-right-to-line", weight: 10, onItem: () => board.zoom("fit") },
      now: now !== null && now !== undefined && { text: "Go to now", icon: "fa fa-location-crosshairs", weight: 20, onItem: () => board.goToTime(now) },
      day: {
        text: "Show this day",
        icon: "fa fa-magnifying-glass-plus",
        weight: 30,
        onItem: () => {
          const at = board.clock.fromBoard(new Date(date.getFullYear(), date.getMonth(), date.getDate()));
          return board.showSpan(at, at + 86_400_000);
        },
      },
    });
    return true;
  }

  /** Select a bar with everything before it. @param {string} id */
  selectChain(id) {
    const before = new Map();
    for (const [, from, to] of this.board.window?.deps ?? []) before.set(to, [...(before.get(to) ?? []), from]);
    const found = new Set([id]);
    const queue = [id];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const from of before.get(next) ?? []) {
        if (found.has(from)) continue;
        found.add(from);
        queue.push(from);
      }
    }
    this.board.select([...found]);
  }

  // wheel and keys

  /** @param {WheelEvent} event */
  onWheel(event) {
    if (!event.ctrlKey) {
      this.tip.hide();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.wheel += event.deltaY;
    if (Math.abs(this.wheel) < WHEEL_STEP || this.zooming) return;
    const steps = Math.trunc(this.wheel / WHEEL_STEP);
    this.wheel = 0;
    this.zooming = true;
    const { board } = this;
    const grid = board.scheduler.timeAxisSubGrid;
    const left = grid.element.getBoundingClientRect().left;
    const share = Math.min(1, Math.max(0, (event.clientX - left) / grid.width));
    const { from, to } = board.view();
    requestAnimationFrame(async () => {
      await board.setLevel(board.level + Math.max(-3, Math.min(3, steps)), from + (to - from) * share, share);
      this.zooming = false;
    });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const { board } = this;
    if (!board.scheduler || event.target instanceof HTMLInputElement || document.querySelector(".b-menu")) return;
    const ids = [...board.selected];
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    /** @type {(() => unknown)|null} */
    let action = null;
    if (control && key === "z") action = () => this.stepBack(event.shiftKey ? "redo" : "undo");
    else if (control && key === "y") action = () => this.stepBack("redo");
    else if (control && (key === "+" || key === "=")) action = () => board.zoom("in");
    else if (control && key === "-") action = () => board.zoom("out");
    else if (control && key === "0") action = () => board.zoom("fit");
    else if (control) return;
    else if ((key === "delete" || key === "backspace") && ids.length) action = () => this.unschedule(ids);
    else if (key === "l" && ids.length) action = () => this.lock(ids, !ids.every((id) => board.bars.get(id)?.lk));
    else if ((key === "enter" || key === "f2") && ids.length) action = () => board.bridge.call("edit", { eventId: ids[0] });
    else if (key === "escape") action = () => (this.dragging ? null : board.select([]));
    else if (key.startsWith("arrow") && ids.length) action = () => this.moveSelection(key);
    if (!action || (board.readOnly && !["escape"].includes(key) && !key.startsWith("arrow") && !control)) return;
    if (key === "escape" && this.dragging) return;
    event.preventDefault();
    event.stopPropagation();
    this.tip.hide();
    action();
  }

  /** @param {"undo"|"redo"} method */
  async stepBack(method) {
    const answer = await this.ask(method);
    if (answer) this.board.applyAnswer(answer);
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
 * Why a bar may not be dragged, or null.
 * @param {Bar} bar
 * @param {import("./board.js").Board} board
 * @param {boolean} secondary
 */
function refusal(bar, board, secondary) {
  if (board.readOnly) return "This board only shows a plan.";
  if (board.frame?.preview) return "This is a preview. Apply or discard it before you change the plan.";
  if (bar.q) return `These are ${bar.q} operations. Zoom in to move one of them.`;
  if (bar.lk) return `${bar.n} is locked. Unlock it first (L).`;
  if (bar.fx) return `${bar.n} has ${bar.c[3] === "completed" ? "been completed" : "begun"} and stays where it is.`;
  if (secondary) return `${bar.n} is only needed here. Move it on its own row.`;
  return null;
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
  if (key === "arrowright") return same.find((bar) => bar.s >= current.s && (bar.s > current.s || bar.id > current.id)) ?? null;
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
