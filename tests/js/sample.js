/** Small data for the tests of the page's pure modules. */
export const HOUR = 3_600_000;
export const T0 = Date.UTC(2026, 10, 23, 6);
const tone = (fill, edge) => ({ fill, edge });

export const palette = {
  categories: [tone("#1", "#a"), tone("#2", "#b"), tone("#3", "#c")],
  lateness: { "on time": tone("#10", "#11"), late: tone("#12", "#13"), "no due date": tone("#14", "#15") },
  status: { planned: tone("#20", "#21"), started: tone("#22", "#23") },
};

export const bar = (over = {}) => ({
  id: "a",
  r: "m1",
  s: T0,
  e: T0 + 4 * HOUR,
  n: "Turn",
  c: [0, "on time", 1, "planned"],
  ...over,
});

export const frame = (over = {}) => ({
  revision: 1,
  name: "Plant",
  offsets: [[T0, 0]],
  span: { from: T0 - 24 * HOUR, to: T0 + 240 * HOUR },
  plan: { from: T0, to: T0 + 100 * HOUR },
  now: T0,
  freezeUntil: T0 + 2 * HOUR,
  groups: ["Lathes", "Mills"],
  rows: [
    { id: "m1", name: "Lathe 1", g: 0, cal: 0 },
    { id: "m2", name: "Lathe 2", g: 0, cal: 1, note: "capacity 2" },
    { id: "m3", name: "Mill 1", g: 1, cal: 0 },
  ],
  calendars: [[[T0 + 10 * HOUR, T0 + 20 * HOUR], [T0 + 30 * HOUR, T0 + 30 * HOUR + 60_000]], []],
  outages: [[2, T0 + 5 * HOUR, T0 + 6 * HOUR, "Service"]],
  palette,
  families: ["Steel", "Alu"],
  preview: false,
  operations: 2,
  ...over,
});

export const boardWindow = (over = {}) => ({
  revision: 1,
  from: T0 - 10 * HOUR,
  to: T0 + 50 * HOUR,
  rowFrom: 0,
  rowTo: 3,
  msPerPx: 60_000,
  merged: false,
  tight: false,
  bars: [bar(), bar({ id: "b", r: "m2", o: "o1", x: ["m3"] })],
  modes: [],
  deps: [["d", "a", "b", 2]],
  ghosts: [],
  heat: [],
  lanes: [1, 2, 1],
  loads: [0.5, -1, 0.7],
  ...over,
});
