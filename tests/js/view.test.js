import assert from "node:assert/strict";
import { test } from "node:test";
import { LEVELS, MAX_TICKS, axisSpan, levelNearest, levelToFit } from "../../resources/web/levels.js";
import { refillFor } from "../../resources/web/view.js";

const HOUR = 3_600_000;
const axis = { from: 0, to: 1000 * HOUR };
const view = { from: 100 * HOUR, to: 120 * HOUR, rowFrom: 20, rowTo: 40, msPerPx: 60_000 };
const all = { rowFrom: 0, rowTo: 100, msPerPx: 60_000, merged: false, tight: false };

test("nothing loaded: the view and one screen around it are fetched", () => {
  const request = refillFor(view, null, axis, 100);
  assert.deepEqual(request, {
    from: 80 * HOUR,
    to: 140 * HOUR,
    rowFrom: 0,
    rowTo: 60,
    viewFrom: 20,
    viewTo: 40,
    msPerPx: 60_000,
  });
});

test("scrolling inside what is loaded fetches nothing, nearing its edge does", () => {
  const loaded = { ...all, from: 80 * HOUR, to: 140 * HOUR };
  assert.equal(refillFor(view, loaded, axis, 100), null);
  assert.notEqual(refillFor({ ...view, from: 115 * HOUR, to: 135 * HOUR }, loaded, axis, 100), null);
  assert.notEqual(refillFor(view, { ...loaded, rowFrom: 15, rowTo: 45 }, axis, 100), null);
});

test("at the ends of the axis there is nothing more to fetch", () => {
  const loaded = { ...all, from: -40 * HOUR, to: 25 * HOUR };
  assert.equal(refillFor({ ...view, from: -30 * HOUR, to: 15 * HOUR }, loaded, { from: 0, to: 20 * HOUR }, 100), null);
});

test("a window without room for margins serves its own view and does not ask again for ever", () => {
  const loaded = { ...view, merged: false, tight: true };
  assert.equal(refillFor(view, loaded, axis, 100), null);
  assert.notEqual(refillFor({ ...view, from: view.from + HOUR }, { ...loaded, to: view.to - 1 }, axis, 100), null);
});

test("shading is made anew when its narrow breaks come into sight", () => {
  const loaded = { ...all, from: 0, to: 1000 * HOUR };
  assert.equal(refillFor({ ...view, msPerPx: 31_000 }, loaded, axis, 100), null);
  assert.notEqual(refillFor({ ...view, msPerPx: 20_000 }, loaded, axis, 100), null);
});

test("merged blocks are made anew when the scale changes", () => {
  const loaded = { ...all, from: 0, to: 1000 * HOUR, merged: true };
  assert.equal(refillFor({ ...view, msPerPx: 66_000 }, loaded, axis, 100), null);
  assert.notEqual(refillFor({ ...view, msPerPx: 90_000 }, loaded, axis, 100), null);
});

test("zoom levels get coarser step by step, from 15-minute ticks to months", () => {
  const scales = LEVELS.map((level) => level.msPerPx);
  assert.deepEqual(scales, [...scales].sort((a, b) => a - b));
  for (let i = 1; i < scales.length; i++) {
    assert.ok(scales[i] / scales[i - 1] < 2, `${LEVELS[i].id} is too far from the one before`);
  }
  assert.equal(LEVELS[0].unit, "minute");
  assert.equal(LEVELS.at(-1).unit, "month");
  for (const level of LEVELS) assert.ok((level.snapMinutes * 60_000) / level.msPerPx >= 4);
});

test("the level to fit a span shows all of it, and the next finer one would not", () => {
  const index = levelToFit(30 * 24 * HOUR, 1200);
  assert.ok((30 * 24 * HOUR) / LEVELS[index].msPerPx <= 1200);
  assert.ok((30 * 24 * HOUR) / LEVELS[index - 1].msPerPx > 1200);
  assert.equal(levelToFit(1e15, 1200), LEVELS.length - 1);
  assert.equal(LEVELS[levelNearest(LEVELS[7].msPerPx * 1.05)], LEVELS[7]);
});

test("a long plan gets its axis in parts that lie inside it", () => {
  const whole = { from: 0, to: 400 * 24 * HOUR };
  const part = axisSpan(whole, LEVELS[0], 399 * 24 * HOUR);
  assert.ok(part.to <= whole.to && part.to > whole.to - 24 * HOUR);
  assert.equal(part.from % (24 * HOUR), 0);
  assert.equal((part.to - part.from) / LEVELS[0].tickMs, MAX_TICKS);
  assert.deepEqual(axisSpan(whole, LEVELS.at(-1), 0), whole);
  const short = axisSpan({ from: 0, to: 24 * HOUR }, LEVELS.at(-1), 0, 1000);
  assert.equal(short.to, 1000 * LEVELS.at(-1).msPerPx);
});
