// @ts-check
/** Keeps the board filled: fetches windows, and shows them by changing single bars or by swapping whole projects. */
import { fetchJson } from "./bridge.js";
import * as mapping from "./mapping.js";
import { makeProject, nextFrame } from "./scheduler.js";
import { refillFor } from "./view.js";

/** @typedef {import("./bars.js").Bar} Bar */
/** @typedef {import("./mapping.js").Frame} Frame */
/** @typedef {import("./mapping.js").BoardWindow} BoardWindow */

/** The loader of one board. */
export class Loader {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    /** Counts sessions, so that an answer to an earlier one is dropped. */
    this.epoch = 0;
    this.refilling = false;
    this.again = false;
    this.stale = false;
    this.staleFrame = false;
    this.stamp = 1;
    /** Counts and times (ms), for tests and measurements. */
    this.stats = { refills: 0, swaps: 0, patches: 0, bars: 0, fetchMs: 0, loadMs: 0, swapMs: 0, refillMs: 0 };
  }

  /** Whether nothing is being loaded or waits to be. */
  get isQuiet() {
    return !this.refilling && !this.again && !this.stale;
  }

  /** Forget what is loaded: another session is shown. */
  reset() {
    this.epoch++;
    this.stale = this.staleFrame = false;
  }

  /**
   * The plan changed: draw what differs.
   * @param {boolean} frame  whether rows, calendars or spans may differ too
   */
  async onStale(frame) {
    this.stale = true;
    this.staleFrame ||= frame;
    await this.refill(false);
  }

  /**
   * Load what the view needs, unless it is there. One load runs at a time; what comes meanwhile is done after it.
   * @param {boolean} force
   */
  async refill(force) {
    if (!this.board.scheduler) return;
    if (this.refilling || this.board.gestures?.dragging) {
      this.again = true;
      return;
    }
    this.refilling = true;
    try {
      do {
        this.again = false;
        await this.refillOnce(force);
      } while (this.again && !this.board.gestures?.dragging);
    } catch (error) {
      this.board.report(error);
    } finally {
      this.refilling = false;
    }
  }

  /** @param {boolean} force */
  async refillOnce(force) {
    const { stale, staleFrame } = this;
    this.staleFrame = false;
    if (staleFrame) await this.board.loadFrame();
    const request = this.request(force || staleFrame, stale);
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
    this.board.modes.adopt(wanted.bars, wanted.modes);
    if (this.board.gestures?.dragging) {
      this.stale = this.again = true;
      return;
    }
    Object.assign(/** @type {Frame} */ (this.board.frame), { plan: wanted.plan, span: wanted.span });
    await this.show(wanted, stale && !staleFrame && !force);
    this.stats.refills++;
    this.stats.refillMs = Math.round(performance.now() - began);
    this.stats.bars = this.board.bars.size;
  }

  /**
   * What to fetch. When only the content is stale, the same window is asked for again, so that few bars differ.
   * @param {boolean} force
   * @param {boolean} stale
   * @returns {import("./view.js").WindowRequest|null}
   */
  request(force, stale) {
    const { frame, window } = this.board;
    if (!frame) return null;
    const view = this.board.viewport.view();
    const request = refillFor(view, force ? null : window, this.board.viewport.axis, frame.rows.length);
    if (request || !stale || !window) return request;
    const { from, to, rowFrom, rowTo, msPerPx } = window;
    return { from, to, rowFrom, rowTo, viewFrom: view.rowFrom, viewTo: view.rowTo, msPerPx };
  }

  /**
   * Show a window: by changing single bars when little differs, else by loading a detached project and swapping it in.
   * @param {BoardWindow} wanted
   * @param {boolean} mayPatch
   */
  async show(wanted, mayPatch) {
    const changes = mapping.barChanges(this.board.bars, wanted.bars);
    const count = changes.added.length + changes.changed.length + changes.removed.length;
    if (mayPatch && this.board.window && sameShape(this.board.window, wanted) && count <= mapping.MOST_PATCHES) {
      const before = this.board.window;
      this.board.window = wanted;
      this.patch([...changes.added, ...changes.changed], changes.removed);
      this.updateLoads(wanted);
      this.updateHeat(before, wanted);
      this.board.showDependencies();
      return;
    }
    await this.swap(wanted);
  }

  /** @param {BoardWindow} wanted */
  async swap(wanted) {
    const bars = new Map(wanted.bars.map((bar) => [bar.id, bar]));
    const dependencies = this.board.wantedDependencies(wanted, bars);
    const began = performance.now();
    const { clock, collapsed } = this.board;
    const frame = /** @type {Frame} */ (this.board.frame);
    const project = await makeProject(mapping.projectData(frame, wanted, clock, { collapsed, dependencies }));
    this.stats.loadMs = Math.round(performance.now() - began);
    if (this.board.gestures?.dragging) {
      this.stale = this.again = true;
      project.destroy();
      return;
    }
    this.board.bars = bars;
    this.board.window = wanted;
    await this.swapIn(project);
  }

  /**
   * Let a loaded project take the place of the present one; the view stays where it is.
   * @param {any} project
   */
  async swapIn(project) {
    const { scheduler } = this.board;
    const began = performance.now();
    const at = { x: scheduler.timeAxisSubGrid.scrollable.x, y: scheduler.scrollable.y };
    const old = scheduler.project;
    this.board.swapping = true;
    scheduler.suspendRefresh();
    scheduler.project = project;
    scheduler.resumeRefresh(true);
    old.destroy();
    if (scheduler.timeAxisSubGrid.scrollable.x !== at.x) scheduler.timeAxisSubGrid.scrollable.x = at.x;
    if (scheduler.scrollable.y !== at.y) scheduler.scrollable.y = at.y;
    this.board.restoreSelection();
    this.board.swapping = false;
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
    const { scheduler } = this.board;
    const { eventStore, assignmentStore } = scheduler.project;
    scheduler.suspendRefresh();
    this.board.swapping = true;
    for (const bar of bars) {
      this.board.bars.set(bar.id, bar);
      const record = eventStore.getById(bar.id);
      const data = mapping.eventOf(bar, this.board.clock, this.stamp++);
      if (record) record.set(data);
      else eventStore.add(data);
      this.assign(assignmentStore, bar);
    }
    const gone = removed.map((id) => eventStore.getById(id)).filter(Boolean);
    for (const id of removed) this.board.bars.delete(id);
    if (gone.length) eventStore.remove(gone);
    this.board.swapping = false;
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

  /**
   * @param {BoardWindow} before
   * @param {BoardWindow} window
   */
  updateHeat(before, window) {
    const { clock, scheduler } = this.board;
    const { changed, removed } = mapping.rangeChanges(
      mapping.heatRanges(before, clock),
      mapping.heatRanges(window, clock),
    );
    const store = scheduler.project.resourceTimeRangeStore;
    for (const each of changed) {
      const record = store.getById(each.id);
      if (record) record.set(each);
      else store.add(each);
    }
    if (removed.length) store.remove(removed);
  }

  /** @param {BoardWindow} window */
  updateLoads(window) {
    const frame = /** @type {Frame} */ (this.board.frame);
    frame.rows.forEach((row, index) => {
      const record = this.board.scheduler.resourceStore.getById(row.id);
      if (record && record.load !== window.loads[index]) record.load = window.loads[index];
    });
  }
}

/**
 * Whether two windows differ in their bars only, so that single bars may be changed in place.
 * @param {BoardWindow} a
 * @param {BoardWindow} b
 */
function sameShape(a, b) {
  const bounds = (/** @type {BoardWindow} */ w) => [w.from, w.to, w.rowFrom, w.rowTo, w.msPerPx];
  const shape = (/** @type {BoardWindow} */ w) => JSON.stringify([...bounds(w), w.lanes]);
  return !a.ghosts.length && !b.ghosts.length && shape(a) === shape(b);
}
