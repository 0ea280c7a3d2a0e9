// @ts-check
/** The board: draws what Python projects, and refills itself as the planner scrolls and zooms. */
import { classesOf, labelOf, partsOf, placeInRow, toneOf } from "./bars.js";
import { fetchJson } from "./bridge.js";
import { PlantClock } from "./clock.js";
import { Follower } from "./compare.js";
import { Gestures } from "./gestures.js";
import { legendOf, showLegend } from "./legend.js";
import { Loader } from "./loader.js";
import * as mapping from "./mapping.js";
import { DragBadge, Tip, Toasts, setRule } from "./overlays.js";
import { makeProject, makeScheduler, nextFrame, setTheme } from "./scheduler.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("./bars.js").Bar} Bar */
/** @typedef {import("./mapping.js").Frame} Frame */
/** @typedef {import("./mapping.js").BoardWindow} BoardWindow */

const FLASH_MS = 1400;
const MOST_KIN = 300;

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
    /** Set while the board itself changes the selection. */
    this.swapping = false;
    /** @type {Promise<unknown>} */
    this.queue = Promise.resolve();
    this.modes = new mapping.ModeSets();
    this.viewport = new Viewport(this);
    this.follower = new Follower(this);
    this.loader = new Loader(this);
    this.gestures = new Gestures(this);
  }

  // start

  async start() {
    const state = await this.bridge.call("ready");
    this.applyState(state);
    let begin = () => {};
    this.queue = new Promise((resolve) => {
      begin = () => resolve(null);
    });
    this.listen(); // what is said from now on waits until there is a board
    try {
      await this.loadFrame();
      if (this.frame) await this.draw();
    } finally {
      begin();
    }
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
    document.body.toggleAttribute("data-preview", this.frame.preview);
    document.body.toggleAttribute("data-compare", Boolean(this.frame.compare));
    this.showLegend();
  }

  /** Make the scheduler and show the present. */
  async draw() {
    const frame = /** @type {Frame} */ (this.frame);
    this.scheduler = makeScheduler(
      {
        ...this.viewport.start(),
        project: await makeProject({ resources: mapping.resourcesOf(frame, [], [], this.collapsed) }),
        eventLayout: {
          type: "stack",
          layoutFn: (/** @type {any[]} */ items, /** @type {any} */ row) => this.layOut(items, row),
        },
        eventRenderer: (/** @type {any} */ context) => this.renderBar(context),
        resourceTimeRangeRenderer: (/** @type {any} */ { resourceTimeRangeRecord: range }) =>
          range.name ? { className: "tk-range-text", text: range.name } : "",
        listeners: this.gestures.listeners(),
        readOnly: this.readOnly,
      },
      this.gestures.features(),
    );
    this.gestures.attach();
    this.viewport.watch();
    await nextFrame();
    await this.loader.refill(true);
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
    on("stale", (m) => void this.loader.onStale(m.frame));
    on("colour", (m) => this.setColour(m.by));
    on("dependencies", (m) => this.setDependencies(m.on));
    on("theme", (m) => setTheme(m.dark));
    onBoard("goTo", (m) => this.viewport.goTo(m.eventId, m.row, m.start, m.end));
    onBoard("goToTime", (m) => this.viewport.goToTime(m.at));
    onBoard("showSpan", (m) => this.viewport.showSpan(m.start, m.end));
    onBoard("select", (m) => this.select(m.eventIds));
    onBoard("look", (m) => this.follower.follow(m));
    on("pair", (m) => this.follower.pair(m.on, m.leads));
    onBoard("zoom", (m) => this.viewport.zoom(m.how));
  }

  /** @param {unknown} error */
  report(error) {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    void this.bridge.call("trouble", { text: text.slice(0, 1500) });
  }

  /** Show another session on the same scheduler, or nothing. */
  async onSession() {
    this.loader.reset();
    this.gestures.drag.cancel();
    this.tip.hide();
    this.window = null;
    this.bars = new Map();
    this.selected.clear();
    this.collapsed.clear();
    await this.loadFrame();
    const element = /** @type {HTMLElement} */ (document.getElementById("board"));
    element.classList.toggle("tk-empty", !this.frame);
    if (!this.frame) return;
    if (!this.scheduler) return this.draw();
    await this.loader.swapIn(await makeProject({ resources: mapping.resourcesOf(this.frame, [], [], this.collapsed) }));
    await this.viewport.restart();
    await this.loader.refill(true);
  }

  /**
   * Show at once what a gesture changed; the rest (setups, lateness of others) comes with the refill that follows.
   * @param {any} answer
   */
  applyAnswer(answer) {
    if (!this.window || !this.scheduler) return;
    this.modes.adopt(answer.bars, answer.modes);
    const { rowFrom, rowTo } = this.window;
    const rows = new Set(this.frame?.rows.slice(rowFrom, rowTo).map((row) => row.id));
    const here = answer.bars.filter((/** @type {Bar} */ bar) => this.bars.has(bar.id) || rows.has(bar.r));
    if (here.length || answer.gone.length) this.loader.patch(here, answer.gone);
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
      const place = bar ? placeInRow(bar, String(row.id), height - 1, mapping.BAR_MARGIN_PX) : { top: 0, height };
      Object.assign(item, place);
    }
    return height;
  }

  /** @param {any} context */
  renderBar({ eventRecord, assignmentRecord, resourceRecord, renderData }) {
    const bar = this.bars.get(eventRecord.id);
    if (!bar || !this.frame) return "";
    const main = mapping.isMain(assignmentRecord.id, bar);
    const tone = toneOf(bar, this.colourBy, this.frame.palette);
    Object.assign(renderData.cls, classesOf(bar, renderData.width));
    renderData.cls["tk-second-row"] = !main;
    renderData.style = `--tk-fill:${tone.fill};--tk-edge:${tone.edge}`;
    renderData.iconCls = null;
    renderData.ariaLabel = bar.n;
    renderData.children.push(...partsOf(main ? bar : { ...bar, su: undefined, p: undefined }, this.viewport.msPerPx));
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
      rows: this.allDependencies && this.scheduler ? this.viewport.rowsInSight() : null,
      orders: /** @type {Set<string>} */ (orders),
      operations: this.selected,
    });
  }

  showDependencies() {
    if (!this.window || !this.scheduler) return;
    document.body.classList.toggle("tk-few-lines", !this.allDependencies);
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

  /** The selected operations, blocks of many left out. */
  selectedOperations() {
    return [...this.selected].filter((id) => !this.bars.get(id)?.q);
  }

  restoreSelection() {
    const records = [...this.selected].map((id) => this.scheduler.eventStore.getById(id)).filter(Boolean);
    this.swapping = true;
    this.scheduler.selectedEvents = records;
    this.swapping = false;
  }

  /** Tell the program, and draw the lines of what is selected. */
  afterSelection() {
    void this.bridge.call("select", { eventIds: this.selectedOperations() });
    this.markOrders();
    this.showDependencies();
  }

  /** Let the other bars of the selected orders stand out. */
  markOrders() {
    const orders = new Set([...this.selected].map((id) => this.bars.get(id)?.o).filter(Boolean));
    const ids = [...this.bars.values()].filter((bar) => orders.has(bar.o)).map((bar) => bar.id);
    const selectors = ids.slice(0, MOST_KIN).map((id) => `[data-event-id="${CSS.escape(id)}"] > .tk-bar`);
    setRule("tk-kin", selectors.length ? `${selectors.join(",")}{box-shadow:var(--tk-kin)}` : "");
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
    const { palette, families, preview, compare } = this.frame;
    showLegend(element, legendOf(this.colourBy, palette, families, preview, compare));
  }
}
