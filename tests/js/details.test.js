import assert from "node:assert/strict";
import { test } from "node:test";
import { chartOf } from "../../resources/web/chart.js";
import { PlantClock } from "../../resources/web/clock.js";
import { blockTooltip, tooltipOf } from "../../resources/web/details.js";
import { neighbour } from "../../resources/web/keys.js";
import { legendOf } from "../../resources/web/legend.js";
import { HOUR, T0, bar, boardWindow, frame, palette } from "./sample.js";

const clock = new PlantClock([[T0, 0]], () => 0);
const text = (nodes) =>
  nodes
    .filter(Boolean)
    .map((n) => (typeof n === "string" ? n : `${n.text ?? ""} ${text(n.children ?? [])}`))
    .join(" ");

const details = (over = {}) => ({
  id: "a",
  name: "20 Turn",
  status: "started",
  percentDone: 40,
  locked: true,
  manual: true,
  interruptible: true,
  family: "Alu",
  priority: null,
  lateness: "late",
  dates: { release: null, due: null, deadline: T0 + 30 * HOUR, slack: null },
  order: {
    name: "SO-1",
    product: "Shaft",
    quantity: 40,
    customer: "Falk KG",
    priority: 5,
    release: null,
    due: T0 + 8 * HOUR,
    deadline: null,
    slack: -2 * HOUR,
  },
  modes: [
    { resource: "Lathe 1", work: 4 * HOUR, chosen: true },
    { resource: "Lathe 2", work: 5 * HOUR, chosen: false },
  ],
  modeCount: 3,
  demands: [
    { resource: "Fitter 1", quantity: 2, choices: [] },
    { resource: null, quantity: 1, choices: ["Jig A", "Jig B"] },
  ],
  before: [{ name: "10 Saw", resource: "Saw 1", start: T0 - HOUR, end: T0 + HOUR, slack: -HOUR, lag: 0 }],
  after: [{ name: "30 Mill", resource: "Mill 1", start: null, end: null, slack: null, lag: 0 }],
  violations: ["20 Turn starts too early."],
  resource: "Lathe 1",
  start: T0,
  end: T0 + 6 * HOUR,
  work: 4 * HOUR,
  pause: 2 * HOUR,
  setup: { from: "Steel", to: "Alu", start: T0 - HOUR, work: HOUR, forbidden: false },
  ...over,
});

test("the tooltip tells everything a planner asks of a bar", () => {
  const shown = text(tooltipOf(details(), clock));
  for (const part of [
    "20 Turn",
    "SO-1 \u00b7 Shaft \u00b7 40 pcs \u00b7 Falk KG",
    "Started 40 %",
    "Locked",
    "Late by 2 h",
    "Mon 23 Nov 06:00 \u2013 12:00",
    "4 h, pauses 2 h",
    "Steel \u2192 Alu, 1 h from Mon 23 Nov 05:00",
    "Mon 23 Nov 14:00, 2 h late",
    "Tue 24 Nov 12:00",
    "Lathe 1 (4 h), Lathe 2 (5 h) and 1 more",
    "2 \u00d7 Fitter 1, one of Jig A, Jig B",
    "too close by 1 h",
    "not scheduled",
    "20 Turn starts too early.",
  ]) {
    assert.ok(shown.includes(part), `${part} is missing in: ${shown}`);
  }
});

test("an operation without order, setup or neighbours has a short tooltip", () => {
  const nothing = { order: null, setup: null, family: null };
  const none = { before: [], after: [], violations: [], modes: [], demands: [] };
  const shown = text(tooltipOf(details({ ...nothing, ...none, lateness: "no due date" }), clock));
  for (const part of ["Setup", "Order due", "Follows", "Can run on", "Needs"]) assert.ok(!shown.includes(part), part);
});

test("a preview says where the bar is now", () => {
  const preview = { kind: "moved", resource: "Lathe 2", start: T0 - HOUR, end: T0 };
  assert.match(text(tooltipOf(details({ preview }), clock)), /Moved in time.*Lathe 2, Mon 23 Nov 05:00/);
});

test("a block tells how many operations it stands for", () => {
  assert.match(text(blockTooltip(bar({ q: 12 }), clock)), /12 operations/);
});

test("arrows go along the row and to the nearest bar on the next row that has any", () => {
  const bars = [
    bar(),
    bar({ id: "b", s: T0 + 5 * HOUR, e: T0 + 6 * HOUR }),
    bar({ id: "c", r: "m3", s: T0 + 9 * HOUR, e: T0 + 10 * HOUR }),
    bar({ id: "d", r: "m3", s: T0 + HOUR, e: T0 + 2 * HOUR }),
  ];
  const rows = ["m1", "m2", "m3"];
  assert.equal(neighbour(bars[0], "arrowright", bars, rows).id, "b");
  assert.equal(neighbour(bars[1], "arrowleft", bars, rows).id, "a");
  assert.equal(neighbour(bars[0], "arrowdown", bars, rows).id, "d");
  assert.equal(neighbour(bars[2], "arrowup", bars, rows).id, "b");
  assert.equal(neighbour(bars[0], "arrowleft", bars, rows), null);
});

test("the legend names the colours of its key", () => {
  assert.match(text(legendOf("family", palette, ["Steel", "Alu"], false)), /Steel.*Alu/);
  assert.match(text(legendOf("status", palette, [], true)), /planned.*present place/);
});

test("the plain chart draws every bar on its rows, overlapping ones beside each other", () => {
  const look = { msPerPx: 60_000 * 6, colourBy: "order", selected: new Set(["a"]) };
  const { nodes } = chartOf(frame(), boardWindow(), clock, look);
  const rects = nodes.filter((n) => n.at["data-event-id"]);
  assert.deepEqual(rects.map((n) => n.at["data-event-id"]), ["a", "b", "b"]);
  assert.equal(rects[0].at.class, "tk-selected");
  assert.ok(nodes.some((n) => n.title?.startsWith("Service")));
});
