// @ts-check
/** What the planner does with the mouse and the keyboard. Each gesture is one call; the board shows what comes back. */
import { BridgeError } from "./bridge.js";
import { blockTooltip, tooltipOf } from "./details.js";
import { Drag } from "./drag.js";
import { Keys } from "./keys.js";
import { barMenu, scheduleMenu } from "./menus.js";
import { Pick } from "./pick.js";

/** The gestures on one board. */
export class Gestures {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    this.tip = board.tip;
    this.pointer = { x: 0, y: 0 };
    this.drag = new Drag(board);
    this.keys = new Keys(board);
    this.pick = new Pick(board);
  }

  /** Whether a bar is being dragged; nothing is redrawn meanwhile. */
  get dragging() {
    return this.drag.active;
  }

  /** The scheduler's listeners. */
  listeners() {
    return {
      eventSelectionChange: () => this.onSelection(),
      eventDblClick: (/** @type {any} */ e) => this.onDoubleClick(e.eventRecord),
      eventMouseEnter: (/** @type {any} */ e) => this.onEnter(e.eventRecord),
      eventMouseLeave: () => this.tip.hide(),
      beforeEventDrag: (/** @type {any} */ e) => this.drag.mayDrag(e),
      eventDragStart: (/** @type {any} */ e) => this.drag.onDragStart(e),
      eventDrag: (/** @type {any} */ e) => this.drag.onDrag(e),
      beforeEventDropFinalize: (/** @type {any} */ e) => this.drag.onDrop(e),
      eventDragAbort: () => this.drag.endDrag(),
      afterEventDrop: (/** @type {any} */ e) => this.drag.afterDrop(e.valid),
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
        validatorFn: (/** @type {any} */ context) => this.drag.validate(context),
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
        processItems: (/** @type {any} */ context) => barMenu(this.board, context),
      },
      scheduleMenu: {
        items: { addEvent: false, pasteEvent: false, splitGrid: false },
        processItems: (/** @type {any} */ context) => scheduleMenu(this.board, context),
      },
    };
  }

  /** Listen to what Bryntum has no gesture for. */
  attach() {
    /** @type {HTMLElement} */
    const element = this.board.scheduler.element;
    const onMove = (/** @type {PointerEvent} */ e) => {
      this.pointer = { x: e.clientX, y: e.clientY };
    };
    element.addEventListener("pointermove", onMove, { capture: true, passive: true });
    element.addEventListener("wheel", (e) => this.keys.onWheel(e), { capture: true, passive: false });
    element.addEventListener("pointerdown", () => this.tip.hide(), { capture: true });
    document.addEventListener("keydown", (e) => this.keys.onKey(e), { capture: true });
  }

  // selection, tooltip

  onSelection() {
    const { board } = this;
    if (board.swapping || !board.scheduler) return;
    board.selected = new Set(board.scheduler.selectedEvents.map((/** @type {any} */ r) => String(r.id)));
    board.afterSelection();
  }

  /** @param {any} record */
  onEnter(record) {
    if (this.dragging || this.pick.active) return;
    const { board } = this;
    const bar = board.bars.get(String(record.id));
    if (!bar) return;
    const content = async () => {
      if (bar.q) return blockTooltip(bar, board.clock);
      return tooltipOf(await board.bridge.call("details", { eventId: bar.id }), board.clock);
    };
    this.tip.soon(() => this.pointer, content);
  }

  /** @param {any} record */
  onDoubleClick(record) {
    this.tip.hide();
    const bar = this.board.bars.get(String(record.id));
    if (!bar) return;
    if (bar.q) void this.board.viewport.showSpan(bar.s, bar.e);
    else void this.board.bridge.call("edit", { eventId: bar.id });
  }

  /**
   * @param {any} record
   * @param {boolean} collapsed
   */
  onToggle(record, collapsed) {
    if (collapsed) this.board.collapsed.add(record.name);
    else this.board.collapsed.delete(record.name);
    this.board.viewport.onMoved();
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
      if (!(error instanceof BridgeError)) throw error;
      this.board.toasts.show(error.message, error.code === "E005" ? "warn" : "bad");
      return null;
    }
  }

  /** @param {Record<string, unknown>} command */
  async run(command) {
    const answer = await this.execute(command);
    if (answer) this.board.applyAnswer(answer);
  }

  /** @param {"undo"|"redo"} method */
  async stepBack(method) {
    const answer = await this.ask(method);
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
}
