// @ts-check
/** Where the board looks: the visible span and rows, zoom levels, and the time axis, which long plans get in parts. */
import { LEVELS, axisSpan, levelNearest, levelToFit } from "./levels.js";
import { nextFrame } from "./scheduler.js";

/** @typedef {import("./mapping.js").Frame} Frame */
/** @typedef {{from: number, to: number}} Span */

const SETTLE_MS = 70;
const TELL_MS = 150;
const AXIS_EDGE = 0.6;
const START_PX = 40;
const FIRST_SCALE = 240_000;

/** The view of one board. */
export class Viewport {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    /** Index into `LEVELS`. */
    this.level = levelNearest(FIRST_SCALE);
    /** @type {Span} */
    this.axis = { from: 0, to: 1 };
    this.movedTimer = 0;
    this.tellTimer = 0;
  }

  /** px of the visible time axis. @returns {number} */
  get width() {
    return this.board.scheduler.timeAxisSubGrid.width;
  }

  get msPerPx() {
    return LEVELS[this.level].msPerPx;
  }

  /** What the scheduler begins with: the axis around the present, which lies near the left edge. */
  start() {
    const { clock } = this.board;
    const frame = /** @type {Frame} */ (this.board.frame);
    const start = frame.now ?? frame.plan.from;
    this.axis = axisSpan(frame.span, LEVELS[this.level], start, innerWidth);
    return {
      startDate: clock.toBoard(this.axis.from),
      endDate: clock.toBoard(this.axis.to),
      viewPreset: LEVELS[this.level].id,
      visibleDate: { date: clock.toBoard(start - START_PX * this.msPerPx), block: "start" },
    };
  }

  /** Watch the scheduler move. */
  watch() {
    const { scheduler } = this.board;
    scheduler.timeAxisSubGrid.scrollable.on("scroll", () => this.onMoved());
    scheduler.scrollable.on("scroll", () => this.onMoved());
    scheduler.on("resize", () => this.onMoved());
  }

  /** Look at the present of another plan. */
  async restart() {
    const frame = /** @type {Frame} */ (this.board.frame);
    window.clearTimeout(this.movedTimer);
    this.board.scheduler.scrollable.y = 0;
    await this.setLevel(this.level, (frame.now ?? frame.plan.from) - START_PX * this.msPerPx, 0);
  }

  /** What is on the screen. @returns {import("./view.js").View} */
  view() {
    const { scheduler, frame } = this.board;
    const level = LEVELS[this.level];
    const left = scheduler.timeAxisSubGrid.scrollable.x;
    const width = this.width;
    const from = this.axisTime(left);
    let rowFrom = Infinity;
    let rowTo = 0;
    for (const id of this.rowsInSight()) {
      const index = scheduler.store.getById(id)?.rowIndex;
      if (typeof index !== "number") continue;
      rowFrom = Math.min(rowFrom, index);
      rowTo = Math.max(rowTo, index + 1);
    }
    if (rowFrom === Infinity) [rowFrom, rowTo] = [0, Math.min(30, frame?.rows.length ?? 0)];
    return { from, to: this.axisTime(left + width), rowFrom, rowTo, msPerPx: level.msPerPx };
  }

  /** The rows that are on the screen, if only in part. @returns {Set<string>} */
  rowsInSight() {
    const { scheduler } = this.board;
    const top = scheduler.scrollable.y;
    const bottom = top + scheduler.bodyHeight;
    const rows = scheduler.rowManager.rows.filter(
      (/** @type {any} */ row) => row.id !== undefined && row.id !== null && row.bottom > top && row.top < bottom,
    );
    return new Set(rows.map((/** @type {any} */ row) => row.id));
  }

  /** @param {number} x px from the axis' start @returns {number} ms */
  axisTime(x) {
    const date = this.board.scheduler.timeAxisViewModel.getDateFromPosition(x);
    const { axis } = this;
    return date ? this.board.clock.fromBoard(date) : x <= 0 ? axis.from : axis.to;
  }

  /** @param {number} at ms @returns {number} px from the axis' start */
  axisX(at) {
    return this.board.scheduler.timeAxisViewModel.getPositionFromDate(this.board.clock.toBoard(at));
  }

  onMoved() {
    this.board.follower.onMoved();
    window.clearTimeout(this.movedTimer);
    this.movedTimer = window.setTimeout(() => void this.settle(), SETTLE_MS);
  }

  async settle() {
    if (!this.board.frame) return;
    await this.shiftAxis();
    await this.board.loader.refill(false);
    this.board.showDependencies();
    window.clearTimeout(this.tellTimer);
    this.tellTimer = window.setTimeout(() => {
      const { from, to } = this.view();
      void this.board.bridge.call("viewport", { start: Math.round(from), end: Math.round(to) });
    }, TELL_MS);
  }

  /**
   * @param {string} eventId
   * @param {number} row
   * @param {number} start
   * @param {number} end
   */
  async goTo(eventId, row, start, end) {
    const frame = /** @type {Frame} */ (this.board.frame);
    const resourceId = frame.rows[row]?.id;
    const record = this.board.scheduler.resourceStore.getById(resourceId);
    const group = record?.parent;
    if (group && !group.isRoot && !group.isExpanded()) await this.board.scheduler.expand(group);
    const width = this.width * LEVELS[this.level].msPerPx;
    await this.goToTime(end - start > width ? start + width * 0.4 : (start + end) / 2);
    if (record) await this.board.scheduler.scrollRowIntoView(record, { block: "center", animate: false });
    await this.settle();
    this.board.select([eventId]);
    this.board.flash([eventId]);
  }

  /** @param {number} at */
  async goToTime(at) {
    await this.setAxis(at);
    const x = this.axisX(at);
    this.board.scheduler.timeAxisSubGrid.scrollable.x = Math.max(0, x - this.width / 2);
    await nextFrame();
  }

  /** @param {"in"|"out"|"fit"} how */
  async zoom(how) {
    if (!this.board.scheduler || !this.board.frame) return;
    if (how === "fit") return this.showSpan(this.board.frame.plan.from, this.board.frame.plan.to);
    const { from, to } = this.view();
    return this.setLevel(this.level + (how === "in" ? -1 : 1), (from + to) / 2, 0.5);
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  async showSpan(start, end) {
    const margin = (end - start) * 0.02;
    const level = levelToFit(end - start + 2 * margin, this.width);
    await this.setLevel(level, (start + end) / 2, 0.5);
  }

  /**
   * Change the zoom level so that an instant stays at a share of the width.
   * @param {number} index
   * @param {number} at
   * @param {number} share
   */
  async setLevel(index, at, share) {
    const { scheduler } = this.board;
    const { span } = /** @type {Frame} */ (this.board.frame);
    const coarsest = levelToFit(span.to - span.from, this.width);
    this.level = Math.min(coarsest, Math.max(0, index));
    const level = LEVELS[this.level];
    this.axis = axisSpan(span, level, at, this.width);
    scheduler.zoomTo({
      preset: level.id,
      startDate: this.board.clock.toBoard(this.axis.from),
      endDate: this.board.clock.toBoard(this.axis.to),
      centerDate: this.board.clock.toBoard(at),
    });
    const x = this.axisX(at);
    scheduler.timeAxisSubGrid.scrollable.x = Math.max(0, x - this.width * share);
    this.onMoved();
  }

  /** Move the axis on when the view nears its end and the plan goes on. */
  async shiftAxis() {
    const frame = /** @type {Frame} */ (this.board.frame);
    const { axis } = this;
    const { from, to } = this.view();
    const room = AXIS_EDGE * (to - from);
    const early = from - axis.from < room && axis.from > frame.span.from;
    const late = axis.to - to < room && axis.to < frame.span.to;
    if (early || late) await this.setAxis((from + to) / 2, true, from);
  }

  /**
   * Let the axis contain an instant.
   * @param {number} at
   * @param {boolean} [always]
   * @param {number} [keepLeft] the instant to keep at the left edge
   */
  async setAxis(at, always = false, keepLeft) {
    const { axis } = this;
    const margin = LEVELS[this.level].msPerPx * this.width;
    if (!always && at - margin > axis.from && at + margin < axis.to) return;
    const next = axisSpan(/** @type {Frame} */ (this.board.frame).span, LEVELS[this.level], at, this.width);
    if (next.from === axis.from && next.to === axis.to) return;
    this.axis = next;
    this.board.scheduler.setTimeSpan(this.board.clock.toBoard(next.from), this.board.clock.toBoard(next.to));
    if (keepLeft !== undefined) {
      this.board.scheduler.timeAxisSubGrid.scrollable.x = this.axisX(keepLeft);
    }
    await nextFrame();
  }
}
