// @ts-check
/** The board: draws what Python projects, and refills itself as the planner scrolls and zooms. */
import { classesOf, labelOf, partsOf, placeInRow, toneOf } from "./bars.js";
import { connect, fetchJson } from "./bridge.js";
import { PlantClock } from "./clock.js";
import { Gestures } from "./gestures.js";
import { legendOf, showLegend } from "./legend.js";
import { LEVELS, axisSpan, levelNearest, levelToFit } from "./levels.js";
import * as mapping from "./mapping.js";
import { DragBadge, Tip, Toasts, setRule } from "./overlays.js";
import { makeProject, makeScheduler, setTheme } from "./scheduler.js";
import { refillFor } from "./view.js";

/** @typedef {import("./bars.js").Bar} Bar */
/** @typedef {import("./mapping.js").Frame} Frame */
/** @typedef {import("./mapping.js").BoardWindow} BoardWindow */

const SETTLE_MS = 70;
const VIEWPORT_MS = 150;
const FLASH_MS = 1400;
const AXIS_EDGE = 0.6;
const START_PX = 40;

/** One board on the page. */
export class Board {
  /** @param {import("./bridge.js").Bridge} bridge */
  constructor(bridge) {
    this.bridge = bridge;
    this.toasts = new Toasts();
    this.tip = new Tip();
    this.badge = new DragBadge();
    this.clock = new PlantClock([]);
    /** @type {import("./bars.js").ColourKey} */
    this.colourBy = "order";
    this.allDependencies = false;
    this.readOnly = false;
    /** @type {Set<string>} */
    this.collapsed = new Set();
    /** @type {Set<string>} */
    this.selected = new Set();
    /** @type {Frame|null} */
    this.frame = null;
    /** @type {BoardWindow|null} */
    this.window = null;
    /** @type {Map<string, Bar>} */
    this.bars = new Map();
    /** @type {any} */
    this.scheduler = null;
    this.level = levelNearest(240_000);
    this.stamp = 1;
    /** @type {Promise<unknown>} */
    this.queue = Promise.resolve();
    this.modes = new mapping.ModeSets();
    /** Counts sessions, so that an answer to an earlier one is dropped. */
    this.epoch = 0;
    this.refilling = false;
    this.again = false;
    this.stale = false;
    this.staleFrame = false;
    /** Counts loads, for tests and timings. */
    this.stats = { refills: 0, swaps: 0, patches: 0, bars: 0, fetchMs: 0, loadMs: 0, swapMs: 0, refillMs: 0 };
  }

  // start

  async start() {
    const state = await this.bridge.call("ready");
    this.applyState(state);
    await this.loadFrame();
    this.listen();
    if (this.frame) await this.draw();
    document.body.dataset.state = "ready";
  }

  /** @param {any} state */
  applyState(state) {
    this.colourBy = state.colourBy;
    this.allDependencies = state.dependencies;
    this.readOnly = state.readOnly;
    this.selected = new Set(state.selected);
    if (state.dark) void setTheme(true);
  }

  async loadFrame() {
    this.frame = await fetchJson("board/frame");
    if (!this.frame) return;
    this.clock = new PlantClock(this.frame.offsets);
    if (this.frame.preview) document.body.dataset.preview = "";
    else delete document.body.dataset.preview;
    this.showLegend();
  }

  /** Make the scheduler and show the present. */
  async draw() {
    const frame = /** @type {Frame} */ (this.frame);
    const start = frame.now ?? frame.plan.from;
    const level = LEVELS[this.level];
    const axis = axisSpan(frame.span, level, start);
    this.axis = axis;
    this.gestures = new Gestures(this);
    this.scheduler = makeScheduler(
      {
        project: await makeProject({ resources: mapping.resourcesOf(frame, [], [], this.collapsed) }),
        startDate: this.clock.toBoard(axis.from),
        endDate: this.clock.toBoard(axis.to),
        viewPreset: level.id,
        visibleDate: { date: this.clock.toBoard(start - START_PX * level.msPerPx), block: "start" },
        eventLayout: { type: "stack", layoutFn: (/** @type {any[]} */ items, /** @type {any} */ row) => this.layOut(items, row) },
        eventRenderer: (/** @type {any} */ context) => this.renderBar(context),
        resourceTimeRangeRenderer: (/** @type {any} */ { resourceTimeRangeRecord: range }) =>
          range.name ? { className: "tk-reason", text: range.name } : "",
        listeners: this.gestures.listeners(),
        readOnly: this.readOnly,
      },
      this.gestures.features(),
    );
    this.gestures.attach();
    this.scheduler.timeAxisSubGrid.scrollable.on("scroll", () => this.onMoved());
    this.scheduler.scrollable.on("scroll", () => this.onMoved());
    this.scheduler.on("resize", () => this.onMoved());
    await nextFrame();
    await this.refill(true);
  }

  // what the program says

  /** Messages are obeyed one after the other, each when the one before is done. */
  listen() {
    const on = (/** @type {string} */ type, /** @type {(m: any) => unknown} */ listener) => {
      this.bridge.on(type, (m) => {
        this.queue = this.queue.then(() => listener(m)).catch((error) => this.report(error));
      });
    };
    const onBoard = (/** @type {string} */ type, /** @type {(m: any) => unknown} */ listener) => {
      on(type, (m) => (this.scheduler ? listener(m) : null));
    };
    on("session", () => this.onSession());
    on("stale", (m) => this.onStale(m.frame));
    on("colour", (m) => this.setColour(m.by));
    on("dependencies", (m) => this.setDependencies(m.on));
    on("theme", (m) => setTheme(m.dark));
    onBoard("goTo", (m) => this.goTo(m.eventId, m.row, m.start, m.end));
    onBoard("goToTime", (m) => this.goToTime(m.at));
    onBoard("showSpan", (m) => this.showSpan(m.start, m.end));
    onBoard("select", (m) => this.select(m.eventIds));
    onBoard("zoom", (m) => this.zoom(m.how));
  }

  /** @param {unknown} error */
  report(error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    void this.bridge.call("trouble", { text: text.slice(0, 1500) });
  }

  /** @param {boolean} frame */
  onStale(frame) {
    this.stale = true;
    this.staleFrame ||= frame;
    void this.refill(false);
  }

  /** Show another session on the same scheduler, or nothing. */
  async onSession() {
    window.clearTimeout(this.movedTimer);
    this.epoch++;
    this.gestures?.cancel();
    this.window = null;
    this.bars = new Map();
    this.selected.clear();
    this.collapsed.clear();
    this.tip.hide();
    this.stale = this.staleFrame = false;
    await this.loadFrame();
    const element = /** @type {HTMLElement} */ (document.getElementById("board"));
    element.classList.toggle("tk-empty", !this.frame);
    if (!this.frame) return;
    if (!this.scheduler) return this.draw();
    await this.swapIn(await makeProject({ resources: mapping.resourcesOf(this.frame, [], [], this.collapsed) }));
    this.scheduler.scrollable.y = 0;
    const start = this.frame.now ?? this.frame.plan.from;
    await this.setLevel(this.level, start - START_PX * LEVELS[this.level].msPerPx, 0);
    await this.refill(true);
  }

  // refill

  /** What is on the screen. @returns {import("./view.js").View} */
  view() {
    const { scheduler, frame } = this;
    const level = LEVELS[this.level];
    const left = scheduler.timeAxisSubGrid.scrollable.x;
    const width = scheduler.timeAxisSubGrid.width;
    const from = this.axisTime(left);
    const rows = scheduler.rowManager.rows.filter((/** @type {any} */ row) => row.id !== undefined && row.id !== null);
    const top = scheduler.scrollable.y;
    const bottom = top + scheduler.bodyHeight;
    let rowFrom = Infinity;
    let rowTo = 0;
    for (const row of rows) {
      if (row.bottom <= top || row.top >= bottom) continue;
      const index = scheduler.store.getById(row.id)?.rowIndex;
      if (typeof index !== "number") continue;
      rowFrom = Math.min(rowFrom, index);
      rowTo = Math.max(rowTo, index + 1);
    }
    if (rowFrom === Infinity) [rowFrom, rowTo] = [0, Math.min(30, frame?.rows.length ?? 0)];
    return { from, to: this.axisTime(left + width), rowFrom, rowTo, msPerPx: level.msPerPx };
  }

  /** @param {number} x px from the axis' start @returns {number} ms */
  axisTime(x) {
    const date = this.scheduler.timeAxisViewModel.getDateFromPosition(x);
    const axis = /** @type {{from: number, to: number}} */ (this.axis);
    return date ? this.clock.fromBoard(date) : x <= 0 ? axis.from : axis.to;
  }

  onMoved() {
    window.clearTimeout(this.movedTimer);
    this.movedTimer = window.setTimeout(() => void this.settle(), SETTLE_MS);
  }

  async settle() {
    if (!this.scheduler || this.scheduler.isDestroyed) return;
    await this.shiftAxis();
    await this.refill(false);
    window.clearTimeout(this.viewportTimer);
    this.viewportTimer = window.setTimeout(() => {
      const { from, to } = this.view();
      void this.bridge.call("viewport", { start: Math.round(from), end: Math.round(to) });
    }, VIEWPORT_MS);
  }

  /**
   * Load what the view needs, unless it is there. One load runs at a time; what comes meanwhile is done after it.
   * @param {boolean} force
   */
  async refill(force) {
    if (!this.scheduler) return;
    if (this.refilling || this.gestures?.dragging) {
      this.again = true;
      return;
    }
    this.refilling = true;
    try {
      do {
        this.again = false;
        await this.refillOnce(force);
      } while (this.again && !this.gestures?.dragging);
    } catch (error) {
      this.report(error);
    } finally {
      this.refilling = false;
    }
  }

  /** @param {boolean} force */
  async refillOnce(force) {
    const stale = this.stale;
    if (this.staleFrame) {
      this.staleFrame = false;
      await this.loadFrame();
    }
    const frame = this.frame;
    if (!frame) return;
    const loaded = force || stale ? null : this.window;
    const request = refillFor(this.view(), loaded, frame.plan, frame.rows.length);
    if (!request) return;
    this.stale = false;
    const began = performance.now();
    const epoch = this.epoch;
    const query = new URLSearchParams(Object.entries(request).map(([key, value]) => [key, String(Math.round(value))]));
    query.set("msPerPx", String(request.msPerPx));
    /** @type {BoardWindow|null} */
    const wanted = await fetchJson(`board/window?${query}`);
    this.stats.fetchMs = Math.round(performance.now() - began);
    if (!wanted || epoch !== this.epoch) return;
    this.modes.adopt(wanted.bars, wanted.modes);
    if (this.gestures?.dragging) {
      this.stale = this.again = true;
      return;
    }
    await this.show(wanted, stale && !force);
    this.stats.refills++;
    this.stats.refillMs = Math.round(performance.now() - began);
    this.stats.bars = this.bars.size;
  }

  /**
   * Show a window: by changing single bars when little differs, else by loading a detached project and swapping it in.
   * @param {BoardWindow} wanted
   * @param {boolean} mayPatch
   */
  async show(wanted, mayPatch) {
    const changes = mapping.barChanges(this.bars, wanted.bars);
    const count = changes.added.length + changes.changed.length + changes.removed.length;
    const sameShape =
      this.window !== null &&
      wanted.ghosts.length === 0 &&
      this.window.ghosts.length === 0 &&
      sameNumbers(this.window.lanes, wanted.lanes);
    if (mayPatch && sameShape && count <= mapping.MOST_PATCHES) {
      this.window = wanted;
      this.patch([...changes.added, ...changes.changed], changes.removed);
      this.updateLoads(wanted);
      this.showDependencies();
      return;
    }
    await this.swap(wanted);
  }

  /** @param {BoardWindow} wanted */
  async swap(wanted) {
    const bars = new Map(wanted.bars.map((bar) => [bar.id, bar]));
    const dependencies = this.wantedDependencies(wanted, bars);
    const began = performance.now();
    const project = await makeProject(
      mapping.projectData(/** @type {Frame} */ (this.frame), wanted, this.clock, { collapsed: this.collapsed, dependencies }),
    );
    this.stats.loadMs = Math.round(performance.now() - began);
    if (this.gestures?.dragging) {
      this.stale = this.again = true;
      project.destroy();
      return;
    }
    this.bars = bars;
    this.window = wanted;
    await this.swapIn(project);
  }

  /**
   * Let a loaded project take the place of the present one; the view stays where it is.
   * @param {any} project
   */
  async swapIn(project) {
    const { scheduler } = this;
    const began = performance.now();
    const at = { x: scheduler.timeAxisSubGrid.scrollable.x, y: scheduler.scrollable.y };
    const old = scheduler.project;
    this.swapping = true;
    scheduler.suspendRefresh();
    scheduler.project = project;
    scheduler.resumeRefresh(true);
    old.destroy();
    if (scheduler.timeAxisSubGrid.scrollable.x !== at.x) scheduler.timeAxisSubGrid.scrollable.x = at.x;
    if (scheduler.scrollable.y !== at.y) scheduler.scrollable.y = at.y;
    this.restoreSelection();
    this.swapping = false;
    this.stats.swaps++;
    this.stats.swapMs = Math.round(performance.now() - began);
    await nextFrame();
  }

  /**
   * Change single bars in place.
   * @param {Bar[]} bars
   * @param {string[]} removed
   */
  patch(bars, removed) {
    const { scheduler } = this;
    const { eventStore, assignmentStore } = scheduler.project;
    scheduler.suspendRefresh();
    this.swapping = true;
    for (const bar of bars) {
      this.bars.set(bar.id, bar);
      const record = eventStore.getById(bar.id);
      const data = mapping.eventOf(bar, this.clock, this.stamp++);
      if (record) record.set(data);
      else eventStore.add(data);
      this.assign(assignmentStore, bar);
    }
    const gone = removed.map((id) => eventStore.getById(id)).filter(Boolean);
    for (const id of removed) this.bars.delete(id);
    if (gone.length) eventStore.remove(gone);
    this.swapping = false;
    scheduler.resumeRefresh(true);
    this.stats.patches++;
  }

  /**
   * @param {any} store
   * @param {Bar} bar
   */
  assign(store, bar) {
    const wanted = mapping.assignmentsOf(bar);
    const ids = new Set(wanted.map((a) => a.id));
    const stray = store.query((/** @type {any} */ a) => a.eventId === bar.id && !ids.has(String(a.id)));
    if (stray.length) store.remove(stray);
    for (const each of wanted) {
      const assignment = store.getById(each.id);
      if (!assignment) store.add(each);
      else if (assignment.resourceId !== each.resourceId) assignment.resourceId = each.resourceId;
    }
  }

  /** @param {BoardWindow} window */
  updateLoads(window) {
    const frame = /** @type {Frame} */ (this.frame);
    frame.rows.forEach((row, index) => {
      const record = this.scheduler.resourceStore.getById(row.id);
      if (record && record.load !== window.loads[index]) record.load = window.loads[index];
    });
  }

  /**
   * Show at once what a gesture changed; the rest (setups, lateness of others) comes with the refill that follows.
   * @param {any} answer
   */
  applyAnswer(answer) {
    if (!this.window || !this.scheduler) return;
    this.modes.adopt(answer.bars, answer.modes);
    const rows = new Set(/** @type {Frame} */ (this.frame).rows.slice(this.window.rowFrom, this.window.rowTo).map((row) => row.id));
    const here = answer.bars.filter((/** @type {Bar} */ bar) => this.bars.has(bar.id) || rows.has(bar.r));
    if (here.length || answer.gone.length) this.patch(here, answer.gone);
    const [first] = answer.newViolations;
    if (first) {
      const more = answer.newViolationCount - 1;
      this.toasts.show(more > 0 ? `${first.message} (and ${more} more)` : first.message, "warn");
      this.flash(answer.newViolations.flatMap((/** @type {any} */ v) => v.eventIds));
    }
  }

  // bars

  /**
   * Python has given every bar that runs beside others its lane, so that rows keep their height while scrolling.
   * @param {any[]} items
   * @param {any} row
   * @returns {number} the row's height
   */
  layOut(items, row) {
    const height = row.rowHeight ?? mapping.ROW_PX;
    for (const item of items) {
      const bar = this.bars.get(String(item.eventRecord.id));
      Object.assign(item, bar ? placeInRow(bar, String(row.id), height - 1, mapping.BAR_MARGIN_PX) : { top: 0, height });
    }
    return height;
  }

  /** @param {any} context */
  renderBar({ eventRecord, assignmentRecord, resourceRecord, renderData }) {
    const bar = this.bars.get(eventRecord.id);
    if (!bar || !this.frame) return "";
    const level = LEVELS[this.level];
    const main = mapping.isMain(assignmentRecord.id, bar);
    const tone = toneOf(bar, this.colourBy, this.frame.palette);
    Object.assign(renderData.cls, classesOf(bar, renderData.width));
    renderData.cls["tk-second-row"] = !main;
    renderData.wrapperCls["tk-wrap-late"] = bar.c[1] === "late";
    renderData.style = `--tk-fill:${tone.fill};--tk-edge:${tone.edge}`;
    renderData.iconCls = null;
    renderData.ariaLabel = bar.n;
    renderData.children.push(...partsOf(main ? bar : { ...bar, su: undefined, p: undefined }, level.msPerPx));
    const { height } = placeInRow(bar, String(resourceRecord.id), resourceRecord.rowHeight - 1, mapping.BAR_MARGIN_PX);
    return labelOf(bar, renderData.width, height);
  }

  /** @param {string[]} ids */
  flash(ids) {
    for (const id of ids) {
      const record = this.scheduler.eventStore.getById(id);
      const element = record && this.scheduler.getElementFromEventRecord(record);
      element?.classList.add("tk-flash");
      window.setTimeout(() => element?.classList.remove("tk-flash"), FLASH_MS);
    }
  }

  // dependencies

  /**
   * @param {BoardWindow} wanted
   * @param {Map<string, Bar>} bars
   */
  wantedDependencies(wanted, bars) {
    const orders = new Set([...this.selected].map((id) => bars.get(id)?.o).filter((o) => o !== undefined));
    return mapping.dependenciesToDraw(wanted.deps, bars, {
      everything: this.allDependencies,
      orders: /** @type {Set<string>} */ (orders),
      operations: this.selected,
    });
  }

  showDependencies() {
    if (!this.window || !this.scheduler) return;
    const wanted = this.wantedDependencies(this.window, this.bars);
    const key = wanted.map(([id]) => id).join("\n");
    const store = this.scheduler.dependencyStore;
    if (key === store.records.map((/** @type {any} */ r) => r.id).join("\n")) return;
    store.data = wanted.map(mapping.dependencyOf);
  }

  /** @param {boolean} on */
  setDependencies(on) {
    this.allDependencies = on;
    this.showDependencies();
  }

  // selection

  /** @param {string[]} ids */
  select(ids) {
    this.selected = new Set(ids);
    if (this.scheduler) this.restoreSelection();
    this.afterSelection();
  }

  restoreSelection() {
    const records = [...this.selected].map((id) => this.scheduler.eventStore.getById(id)).filter(Boolean);
    this.swapping = true;
    this.scheduler.selectedEvents = records;
    this.swapping = false;
  }

  /** Tell the program, and draw the lines of what is selected. */
  afterSelection() {
    void this.bridge.call("select", { eventIds: [...this.selected] });
    this.markOrders();
    this.showDependencies();
  }

  /** Let the other bars of the selected orders stand out. */
  markOrders() {
    const orders = new Set([...this.selected].map((id) => this.bars.get(id)?.o).filter(Boolean));
    const ids = [...this.bars.values()].filter((bar) => orders.has(bar.o)).map((bar) => bar.id);
    const selectors = ids.slice(0, 300).map((id) => `[data-event-id="${CSS.escape(id)}"] > .tk-bar`);
    setRule("tk-kin", selectors.length ? `${selectors.join(",")}{box-shadow:var(--tk-kin)}` : "");
  }

  // moving about

  /**
   * @param {string} eventId
   * @param {number} row
   * @param {number} start
   * @param {number} end
   */
  async goTo(eventId, row, start, end) {
    const frame = /** @type {Frame} */ (this.frame);
    const resourceId = frame.rows[row]?.id;
    const record = this.scheduler.resourceStore.getById(resourceId);
    if (record?.parent && !record.parent.isRoot && !record.parent.isExpanded()) await this.scheduler.expand(record.parent);
    const width = this.scheduler.timeAxisSubGrid.width * LEVELS[this.level].msPerPx;
    await this.goToTime(end - start > width ? start + width * 0.4 : (start + end) / 2);
    if (record) await this.scheduler.scrollRowIntoView(record, { block: "center", animate: false });
    await this.settle();
    this.select([eventId]);
    this.flash([eventId]);
  }

  /** @param {number} at */
  async goToTime(at) {
    await this.setAxis(at);
    const x = this.scheduler.timeAxisViewModel.getPositionFromDate(this.clock.toBoard(at));
    this.scheduler.timeAxisSubGrid.scrollable.x = Math.max(0, x - this.scheduler.timeAxisSubGrid.width / 2);
    await nextFrame();
  }

  /** @param {"in"|"out"|"fit"} how */
  async zoom(how) {
    if (!this.scheduler || !this.frame) return;
    if (how === "fit") return this.showSpan(this.frame.plan.from, this.frame.plan.to);
    const { from, to } = this.view();
    return this.setLevel(this.level + (how === "in" ? -1 : 1), (from + to) / 2, 0.5);
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  async showSpan(start, end) {
    const margin = (end - start) * 0.02;
    const level = levelToFit(end - start + 2 * margin, this.scheduler.timeAxisSubGrid.width);
    await this.setLevel(level, (start + end) / 2, 0.5);
  }

  /**
   * Change the zoom level so that an instant stays at a share of the width.
   * @param {number} index
   * @param {number} at
   * @param {number} share
   */
  async setLevel(index, at, share) {
    const next = Math.min(LEVELS.length - 1, Math.max(0, index));
    const level = LEVELS[next];
    const { scheduler, frame } = this;
    this.level = next;
    this.axis = axisSpan(/** @type {Frame} */ (frame).span, level, at);
    scheduler.zoomTo({
      preset: level.id,
      startDate: this.clock.toBoard(this.axis.from),
      endDate: this.clock.toBoard(this.axis.to),
      centerDate: this.clock.toBoard(at),
    });
    const x = scheduler.timeAxisViewModel.getPositionFromDate(this.clock.toBoard(at));
    scheduler.timeAxisSubGrid.scrollable.x = Math.max(0, x - scheduler.timeAxisSubGrid.width * share);
    this.onMoved();
  }

  /** Move the axis on when the view nears its end and the plan goes on. */
  async shiftAxis() {
    const frame = /** @type {Frame} */ (this.frame);
    const axis = /** @type {{from: number, to: number}} */ (this.axis);
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
    const axis = /** @type {{from: number, to: number}} */ (this.axis);
    const margin = LEVELS[this.level].msPerPx * this.scheduler.timeAxisSubGrid.width;
    if (!always && at - margin > axis.from && at + margin < axis.to) return;
    const next = axisSpan(/** @type {Frame} */ (this.frame).span, LEVELS[this.level], at);
    if (next.from === axis.from && next.to === axis.to) return;
    this.axis = next;
    this.scheduler.setTimeSpan(this.clock.toBoard(next.from), this.clock.toBoard(next.to));
    if (keepLeft !== undefined) {
      this.scheduler.timeAxisSubGrid.scrollable.x = this.scheduler.timeAxisViewModel.getPositionFromDate(this.clock.toBoard(keepLeft));
    }
    await nextFrame();
  }

  // looks

  /** @param {import("./bars.js").ColourKey} key */
  setColour(key) {
    this.colourBy = key;
    this.scheduler?.refreshRows?.();
    this.scheduler?.refresh?.();
    this.showLegend();
  }

  showLegend() {
    if (!this.frame) return;
    const element = /** @type {HTMLElement} */ (document.getElementById("legend"));
    const { palette, families, preview } = this.frame;
    showLegend(element, legendOf(this.colourBy, palette, families, preview));
  }
}

/** @returns {Promise<void>} */
export function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
function sameNumbers(a, b) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

if (typeof document !== "undefined") {
  const board = new Board(await connect());
  /** For tests. */
  /** @type {any} */ (window).board = board;
  window.addEventListener("error", (event) => board.report(event.error ?? event.message));
  window.addEventListener("unhandledrejection", (event) => board.report(event.reason));
  await board.start();
}
