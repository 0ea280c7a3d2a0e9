import assert from "node:assert/strict";
import { test } from "node:test";
import { classesOf, labelOf, partsOf, placeInRow, toneOf } from "../../resources/web/bars.js";
import { HOUR, T0, bar, palette } from "./sample.js";

const MINUTE = 60_000;
const texts = (nodes) => nodes.flatMap((n) => [...(n.text ? [n.text] : []), ...texts(n.children ?? [])]);
const icons = (nodes) => nodes.flatMap((n) => [...(n.tag === "i" ? [n.className] : []), ...icons(n.children ?? [])]);

test("colours follow the key and repeat", () => {
  assert.deepEqual(toneOf(bar({ c: [4, "late", 0, "started"] }), "order", palette), palette.categories[1]);
  assert.deepEqual(toneOf(bar({ c: [4, "late", 0, "started"] }), "lateness", palette), palette.lateness.late);
  assert.deepEqual(toneOf(bar({ c: [4, "late", 0, "started"] }), "family", palette), palette.categories[0]);
  assert.deepEqual(toneOf(bar({ c: [4, "late", 0, "started"] }), "status", palette), palette.status.started);
  assert.deepEqual(toneOf(bar({ c: [-1, "late", -1, "?"] }), "order", palette), palette.lateness["no due date"]);
});

test("a wide bar has name and second line, a narrow one a mark at most", () => {
  const rich = bar({ t: "SO-1 \u00b7 Shaft", lk: 1, v: 2 });
  assert.deepEqual(texts(labelOf(rich, 200, 32)), ["Turn", "SO-1 \u00b7 Shaft"]);
  assert.deepEqual(texts(labelOf(rich, 200, 20)), ["Turn"]);
  assert.deepEqual(texts(labelOf(rich, 30, 32)), []);
  assert.match(icons(labelOf(rich, 30, 32)).join(), /triangle-exclamation/);
  assert.deepEqual(labelOf(rich, 10, 32), []);
  assert.equal(icons(labelOf(rich, 200, 32)).length, 2);
});

test("names stay text, whatever they contain", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const nodes = labelOf(bar({ n: evil, t: evil }), 300, 32);
  assert.deepEqual(texts(nodes), [evil, evil]);
  assert.ok(!JSON.stringify(nodes).includes('"html"'));
});

test("pauses and progress lie where they belong", () => {
  const parts = partsOf(bar({ z: [[T0 + HOUR, T0 + 2 * HOUR]], p: 40 }), MINUTE);
  assert.equal(parts[0].style, "left:60.0px;width:60.0px");
  assert.equal(parts[1].style, "width:40%");
  assert.deepEqual(partsOf(bar({ z: [[T0 + HOUR, T0 + 2 * HOUR]], p: 40 }), HOUR), []);
});

test("a setup over a break is drawn in parts, the widest one with the families", () => {
  const su = [T0 - 5 * HOUR, "Steel", "Alu", 2 * HOUR, [[T0 - 4.5 * HOUR, T0 - 1.5 * HOUR]]];
  const [setup] = partsOf(bar({ su }), MINUTE);
  assert.equal(setup.style, "width:300.0px");
  assert.deepEqual(setup.children.map((part) => part.style), ["left:0.0px;width:30.0px", "left:210.0px;width:90.0px"]);
  assert.deepEqual(texts([setup]), ["Steel \u2192 Alu"]);
});

test("classes tell lateness, locks and what a preview does", () => {
  const classes = classesOf(bar({ c: [0, "late", 0, "planned"], lk: 1, k: "moved" }), 100);
  const on = Object.keys(classes).filter((name) => classes[name]);
  assert.deepEqual(on.sort(), ["tk-bar", "tk-fixed", "tk-late", "tk-locked", "tk-moved"]);
});

test("bars side by side share the height of the row", () => {
  assert.deepEqual(placeInRow(bar(), "m1", 39, 4), { top: 4, height: 31 });
  const second = placeInRow(bar({ l: { m1: [1, 2] } }), "m1", 40, 4);
  assert.deepEqual(second, { top: 21, height: 15 });
});
