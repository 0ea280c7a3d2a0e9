import assert from "node:assert/strict";
import { test } from "node:test";
import { PlantClock } from "../../resources/web/clock.js";

const HOUR = 3_600_000;
const DST = Date.UTC(2026, 9, 25, 1); // Berlin goes back from +2 to +1
const berlin = [
  [Date.UTC(2026, 5, 1), 2 * HOUR],
  [DST, HOUR],
];
const fixed = (offset) => () => offset;

test("the plant's wall clock is read off the axis whatever the browser's zone is", () => {
  for (const browser of [0, -5 * HOUR, 5.5 * HOUR]) {
    const clock = new PlantClock(berlin, fixed(browser));
    const shown = clock.toBoard(Date.UTC(2026, 11, 1, 6, 30));
    assert.equal(new Date(shown.getTime() + browser).toISOString(), "2026-12-01T07:30:00.000Z");
  }
});

test("an instant survives the way to the axis and back", () => {
  for (const browser of [0, 9 * HOUR]) {
    const clock = new PlantClock(berlin, fixed(browser));
    for (let ms = DST - 30 * HOUR; ms < DST + 30 * HOUR; ms += HOUR / 4) {
      const twice = ms >= DST - HOUR && ms < DST + HOUR;
      if (!twice) assert.equal(clock.fromBoard(clock.toBoard(ms)), ms);
    }
  }
});

test("the hour that happens twice reads as the first", () => {
  const clock = new PlantClock(berlin, fixed(0));
  assert.equal(clock.fromBoard(clock.toBoard(DST + HOUR / 2)), DST - HOUR / 2);
});

test("a browser in the plant's own zone shows true instants, the hour that happens twice included", () => {
  const clock = new PlantClock(berlin, (date) => (date.getTime() < DST ? 2 * HOUR : HOUR));
  for (const ms of [DST - HOUR / 2, DST, DST + HOUR / 2]) {
    assert.equal(clock.toBoard(ms).getTime(), ms);
    assert.equal(clock.fromBoard(new Date(ms)), ms);
  }
});
