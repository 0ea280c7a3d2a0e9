import assert from "node:assert/strict";
import { test } from "node:test";
import { PlantClock } from "../../resources/web/clock.js";
import {
  ModeSets,
  assignmentsOf,
  barChanges,
  dependenciesToDraw,
  eventOf,
  heatRanges,
  isMain,
  markers,
  projectData,
  rangeChanges,
  resourcesOf,
  rowHeight,
  rowRanges,
} from "../../resources/web/mapping.js";
import { HOUR, T0, bar, boardWindow, frame } from "./sample.js";

const clock = new PlantClock([[T0, 0]], () => 0);

test("rows hang below their groups, in the order of the frame", () => {
  const tree = resourcesOf(frame(), [1, 2, 1], [0.5, -1, 0.7], new Set(["Mills"]));
  assert.deepEqual(tree.map((group) => [group.name, group.expanded, group.children.map((row) => row.id)]), [
    ["Lathes", true, ["m1", "m2"]],
    ["Mills", false, ["m3"]],
  ]);
  assert.equal(tree[0].load, 0.5);
  assert.equal(tree[0].children[1].rowHeight, rowHeight(2));
});

test("without groups the rows are flat", () => {
  const rows = resourcesOf(frame({ groups: [] }), [], [], new Set());
  assert.deepEqual(rows.map((row) => row.id), ["m1", "m2", "m3"]);
});

test("events carry start and end and are never scheduled by Bryntum", () => {
  const event = eventOf(bar(), clock);
  assert.equal(event.manuallyScheduled, true);
  assert.equal(event.endDate - event.startDate, 4 * HOUR);
  assert.ok(!("duration" in event) && !("resourceId" in event));
});

test("an operation is assigned to its row and to those it also needs", () => {
  const needing = bar({ x: ["m2", "m3"] });
  assert.deepEqual(assignmentsOf(needing).map((a) => a.resourceId), ["m1", "m2", "m3"]);
  assert.deepEqual(assignmentsOf(needing).map((a) => isMain(a.id, needing)), [true, false, false]);
  const homeless = bar({ r: "", x: ["m2"] });
  assert.deepEqual(assignmentsOf(homeless).map((a) => [a.resourceId, isMain(a.id, homeless)]), [["m2", true]]);
});

test("shading leaves out what is too narrow, outages keep their reason", () => {
  const ranges = rowRanges(frame(), boardWindow(), clock);
  assert.deepEqual(ranges.map((r) => [r.resourceId, r.cls, r.name]), [
    ["m1", "tk-off", ""],
    ["m3", "tk-off", ""],
    ["m3", "tk-outage", "Service"],
  ]);
  assert.equal(new Set(ranges.map((r) => r.id)).size, ranges.length);
});

test("only the rows of the window are shaded", () => {
  assert.deepEqual(rowRanges(frame(), boardWindow({ rowFrom: 1, rowTo: 2 }), clock), []);
});

test("ghosts show the present place in a preview", () => {
  const ghosts = [["m1", T0, T0 + HOUR, "moved", "a"], ["m2", T0, T0 + HOUR, "removed", "b"]];
  const ranges = rowRanges(frame({ calendars: [[], []], outages: [] }), boardWindow({ ghosts }), clock);
  assert.deepEqual(ranges.map((r) => r.cls), ["tk-ghost tk-ghost-moved", "tk-ghost tk-ghost-removed"]);
});

test("the load of a group is drawn on its own row, with its figure where there is room", () => {
  const heat = [[0, T0, T0 + HOUR, 0.5], [1, T0, T0 + 10 * 60_000, 1.2]];
  const ranges = rowRanges(frame({ calendars: [[], []], outages: [] }), boardWindow({ heat }), clock);
  assert.deepEqual(ranges.map((r) => [r.resourceId, r.cls, r.name, r.style]), [
    ["group:0", "tk-heat tk-heat-fine", "50%", "--tk-share:50%"],
    ["group:1", "tk-heat tk-heat-over", "", "--tk-share:100%"],
  ]);
});

test("now line and freeze fence", () => {
  assert.deepEqual(markers(frame(), clock).map((m) => m.id), ["frozen", "now"]);
  assert.deepEqual(markers(frame({ now: null, freezeUntil: null }), clock), []);
});

test("changes between two windows are found by id and content", () => {
  const shown = new Map([["a", bar()], ["b", bar({ id: "b" })]]);
  const wanted = [bar(), bar({ id: "b", lk: 1 }), bar({ id: "c" })];
  const changes = barChanges(shown, wanted);
  assert.deepEqual(changes.changed.map((x) => x.id), ["b"]);
  assert.deepEqual(changes.added.map((x) => x.id), ["c"]);
  assert.deepEqual(barChanges(shown, [bar()]).removed, ["b"]);
});

test("dependencies: none by default, those of the selected order, or all", () => {
  const { bars, deps } = boardWindow();
  const byId = new Map(bars.map((x) => [x.id, x]));
  const none = { rows: null, orders: new Set(), operations: new Set() };
  assert.deepEqual(dependenciesToDraw(deps, byId, none), []);
  const rows = new Set(bars.map((x) => x.r));
  assert.deepEqual(dependenciesToDraw(deps, byId, { ...none, rows }), deps);
  assert.deepEqual(dependenciesToDraw(deps, byId, { ...none, rows: new Set([...rows].slice(1)) }), []);
  assert.deepEqual(dependenciesToDraw(deps, byId, { ...none, orders: new Set(["o1"]) }), deps);
  assert.deepEqual(dependenciesToDraw(deps, byId, { ...none, operations: new Set(["x"]) }), []);
});

test("sets of possible rows keep one number for the whole page", () => {
  const modes = new ModeSets();
  const first = [bar({ m: 0 }), bar({ m: 1 })];
  modes.adopt(first, [["m1", "m2"], ["m3"]]);
  const second = [bar({ m: 0 })];
  modes.adopt(second, [["m3"]]);
  assert.equal(second[0].m, first[1].m);
  assert.deepEqual(modes.sets[first[0].m], ["m1", "m2"]);
});

test("a window becomes one project", () => {
  const data = projectData(frame(), boardWindow(), clock, { collapsed: new Set(), dependencies: [["d", "a", "b", 2]] });
  assert.equal(data.events.length, 2);
  assert.equal(data.assignments.length, 3);
  assert.deepEqual(data.dependencies, [{ id: "d", fromEvent: "a", toEvent: "b", type: 2 }]);
});

test("only the buckets of the heat strip that differ are drawn anew", () => {
  const before = heatRanges(boardWindow({ heat: [[0, T0, T0 + HOUR, 0.5], [0, T0 + HOUR, T0 + 2 * HOUR, 1]] }), clock);
  const after = heatRanges(boardWindow({ heat: [[0, T0, T0 + HOUR, 0.5], [1, T0, T0 + HOUR, 0.2]] }), clock);
  const { changed, removed } = rangeChanges(before, after);
  assert.deepEqual(changed.map((range) => [range.id, range.name]), [[`h${T0}:1`, "20%"]]);
  assert.deepEqual(removed, [`h${T0 + HOUR}:0`]);
  assert.deepEqual(rangeChanges(after, after), { changed: [], removed: [] });
});
