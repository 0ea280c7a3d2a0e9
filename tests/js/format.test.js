import assert from "node:assert/strict";
import { test } from "node:test";
import { PlantClock } from "../../resources/web/clock.js";
import { count, duration, instant, isoWeek, span } from "../../resources/web/format.js";

const HOUR = 3_600_000;
const utc = new PlantClock([[0, 0]]);

test("durations have at most two neighbouring units", () => {
  assert.equal(duration(0), "0 min");
  assert.equal(duration(30_000), "30 s");
  assert.equal(duration(45 * 60_000), "45 min");
  assert.equal(duration(2 * HOUR + 20 * 60_000), "2 h 20 min");
  assert.equal(duration(2 * HOUR - 1), "2 h");
  assert.equal(duration(23 * HOUR + 40 * 60_000), "23 h 40 min");
  assert.equal(duration(70 * HOUR), "2 d 22 h");
  assert.equal(duration(74 * HOUR), "3 d 2 h");
  assert.equal(duration(9 * 24 * HOUR + 4 * HOUR), "9 d 4 h");
  assert.equal(duration(-90 * 60_000), "\u22121 h 30 min");
});

test("a span names the second day only when it is another", () => {
  const start = Date.UTC(2026, 10, 23, 14, 30);
  assert.equal(instant(start, utc), "Mon 23 Nov 14:30");
  assert.equal(span(start, start + HOUR, utc), "Mon 23 Nov 14:30 \u2013 15:30");
  assert.equal(span(start, start + 24 * HOUR, utc), "Mon 23 Nov 14:30 \u2013 Tue 24 Nov 14:30");
});

test("ISO weeks at the turn of the year", () => {
  assert.equal(isoWeek(new Date(2026, 0, 1)), 1);
  assert.equal(isoWeek(new Date(2027, 0, 1)), 53);
  assert.equal(isoWeek(new Date(2026, 10, 23)), 48);
});

test("counts", () => {
  assert.equal(count(1, "operation"), "1 operation");
  assert.equal(count(12_000, "operation"), "12,000 operations");
});
