// @ts-check
/**
 * The plant's clock on the board's axis.
 *
 * Bryntum draws instants in the browser's own time zone. When the plant's zone is another one, instants are moved so
 * that the axis reads the plant's wall clock. Offsets come from Python as `[[fromMs, offsetMs], …]`, ascending: from
 * `fromMs` on the plant's clock is `offsetMs` ahead of UTC. The first one also holds for everything before it.
 */

const MINUTE = 60_000;

/** Converts between instants (ms since 1970, UTC) and the dates that the axis shows. */
export class PlantClock {
  /**
   * @param {[number, number][]} offsets
   * @param {(date: Date) => number} [browserOffset] how far the browser's clock is ahead of UTC, in ms (for tests)
   */
  constructor(offsets, browserOffset = (date) => -date.getTimezoneOffset() * MINUTE) {
    this.offsets = offsets.length ? offsets : [[0, 0]];
    this.browserOffset = browserOffset;
  }

  /**
   * The plant's offset at an instant.
   * @param {number} ms
   * @returns {number}
   */
  offsetAt(ms) {
    let low = 0;
    let high = this.offsets.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.offsets[middle][0] <= ms) low = middle;
      else high = middle - 1;
    }
    return this.offsets[low][1];
  }

  /**
   * The date that the axis shows for an instant: its browser-local fields are the plant's wall clock.
   * @param {number} ms
   * @returns {Date}
   */
  toBoard(ms) {
    const offset = this.offsetAt(ms);
    const same = new Date(ms);
    if (this.browserOffset(same) === offset) return same;
    const wall = ms + offset;
    const guess = new Date(wall - this.browserOffset(same));
    return new Date(wall - this.browserOffset(guess));
  }

  /**
   * The instant of a date on the axis (the earlier one where the plant's clock is set back).
   * @param {Date} date
   * @returns {number}
   */
  fromBoard(date) {
    const wall = date.getTime() + this.browserOffset(date);
    if (this.offsetAt(date.getTime()) === this.browserOffset(date)) return date.getTime();
    const first = wall - this.offsetAt(wall);
    const candidates = [wall - this.offsetAt(first - 12 * 60 * MINUTE), wall - this.offsetAt(first + 12 * 60 * MINUTE)];
    for (const ms of candidates) if (ms + this.offsetAt(ms) === wall) return ms;
    return first;
  }

  /**
   * The plant's wall clock at an instant, as a date whose UTC fields are to be read.
   * @param {number} ms
   * @returns {Date}
   */
  wall(ms) {
    return new Date(ms + this.offsetAt(ms));
  }
}
