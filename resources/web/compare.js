// @ts-check
/** Keeps two boards in step: one tells where it looks, the other looks there too. */
import { groupId } from "./mapping.js";
import { nextFrame } from "./scheduler.js";
import { sameLook } from "./view.js";

/** @typedef {import("./view.js").Look} Look */

/** One board's part in a pair. */
export class Follower {
  /** @param {import("./board.js").Board} board */
  constructor(board) {
    this.board = board;
    this.paired = false;
    this.leads = false;
    /** Where this board was told to look, or has told that it looks. @type {Look|null} */
    this.known = null;
    this.waiting = false;
    this.following = false;
  }

  /**
   * @param {boolean} on
   * @param {boolean} leads  whether the other board is to look where this one does; it says nothing before it has
   */
  pair(on, leads) {
    this.paired = on;
    this.leads = leads;
    this.known = null;
    if (on) this.onMoved();
  }

  /** @returns {Look} */
  look() {
    const { scheduler, viewport, collapsed } = this.board;
    return {
      at: Math.round(viewport.axisTime(scheduler.timeAxisSubGrid.scrollable.x)),
      level: viewport.level,
      top: Math.max(0, Math.round(scheduler.scrollable.y)),
      folded: [...collapsed].sort(),
    };
  }

  /** The view moved: tell it once a frame, unless the other board made it move. */
  onMoved() {
    if (!this.paired || this.waiting || this.following || !this.board.scheduler) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.following || !this.paired) return;
      const look = this.look();
      if (!this.known && !this.leads) return;
      if (sameLook(look, this.known, this.board.viewport.msPerPx)) return;
      this.known = look;
      void this.board.bridge.call("look", { ...look });
    });
  }

  /**
   * Look where the other board looks, as far as there is something.
   * @param {Look} look
   */
  async follow(look) {
    const { scheduler, viewport } = this.board;
    this.following = true;
    try {
      await this.fold(look.folded);
      if (look.level !== viewport.level) await viewport.setLevel(look.level, look.at, 0);
      else await viewport.setAxis(look.at);
      scheduler.timeAxisSubGrid.scrollable.x = Math.max(0, viewport.axisX(look.at));
      scheduler.scrollable.y = look.top;
      await nextFrame();
    } finally {
      this.known = this.look();
      this.following = false;
    }
  }

  /** @param {string[]} names */
  async fold(names) {
    const { board } = this;
    const wanted = new Set(names);
    for (const [index, name] of (board.frame?.groups ?? []).entries()) {
      if (wanted.has(name) === board.collapsed.has(name)) continue;
      const record = board.scheduler.resourceStore.getById(groupId(index));
      if (record) await board.scheduler.toggleCollapse(record, wanted.has(name));
    }
  }
}
