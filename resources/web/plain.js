// @ts-check
/** The page of the plain chart: it changes nothing, but selects, asks for the editor and follows the session. */
import { connect, fetchJson } from "./bridge.js";
import { NAMES_PX, chartOf } from "./chart.js";
import { PlantClock } from "./clock.js";

const SVG = "http://www.w3.org/2000/svg";
const bridge = await connect();
const chart = /** @type {HTMLElement} */ (document.getElementById("chart"));
const state = {
  colourBy: /** @type {import("./bars.js").ColourKey} */ ("order"),
  selected: /** @type {Set<string>} */ (new Set()),
  zoom: 1,
};
/** @type {{frame: import("./mapping.js").Frame, window: import("./mapping.js").BoardWindow}|null} */
let data = null;

async function load() {
  const frame = await fetchJson("board/frame");
  if (!frame) {
    data = null;
    chart.replaceChildren();
    return;
  }
  const rows = frame.rows.length;
  const { from, to } = frame.plan;
  const query = new URLSearchParams({ from, to, rowFrom: "0", rowTo: String(rows), viewFrom: "0" });
  query.set("viewTo", String(rows));
  query.set("msPerPx", String(scale(frame)));
  data = { frame, window: await fetchJson(`board/window?${query}`) };
  draw();
}

/** @param {import("./mapping.js").Frame} frame */
function scale(frame) {
  return (frame.plan.to - frame.plan.from) / Math.max(300, chart.clientWidth - NAMES_PX - 40) / state.zoom;
}

function draw() {
  if (!data) return;
  const { frame, window } = data;
  const clock = new PlantClock(frame.offsets);
  const { width, height, nodes } = chartOf(frame, window, clock, { ...state, msPerPx: scale(frame) });
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  for (const node of nodes) svg.append(element(node));
  chart.replaceChildren(svg);
  const legend = /** @type {HTMLElement} */ (document.getElementById("legend"));
  const counts = `${frame.operations} operations on ${frame.rows.length} resources`;
  legend.textContent = `${counts}. Red edges are late or break a rule.`;
}

/** @param {import("./chart.js").SvgNode} node */
function element(node) {
  const made = document.createElementNS(SVG, node.tag);
  for (const [key, value] of Object.entries(node.at)) made.setAttribute(key, String(value));
  if (node.text !== undefined) made.textContent = node.text;
  if (node.title) {
    const title = document.createElementNS(SVG, "title");
    title.textContent = node.title;
    made.append(title);
  }
  return made;
}

/** @param {Event} event */
function eventIdAt(event) {
  return event.target instanceof Element ? event.target.getAttribute("data-event-id") : null;
}

/** @param {string[]} ids */
function select(ids) {
  state.selected = new Set(ids);
  draw();
  void bridge.call("select", { eventIds: ids });
}

chart.addEventListener("click", (event) => {
  const id = eventIdAt(event);
  select(id ? [id] : []);
});
chart.addEventListener("dblclick", (event) => {
  const id = eventIdAt(event);
  if (id && !id.startsWith("block:")) void bridge.call("edit", { eventId: id });
});
window.addEventListener("resize", draw);
bridge.on("stale", load);
bridge.on("session", load);
bridge.on("colour", (m) => {
  state.colourBy = m.by;
  draw();
});
bridge.on("select", (m) => select(m.eventIds));
bridge.on("goTo", (m) => {
  select([m.eventId]);
  chart.querySelector(".tk-selected")?.scrollIntoView({ block: "center", inline: "center" });
});
bridge.on("zoom", (m) => {
  state.zoom = m.how === "fit" ? 1 : Math.min(16, Math.max(1, state.zoom * (m.how === "in" ? 1.6 : 1 / 1.6)));
  draw();
});
const known = await bridge.call("ready");
state.colourBy = known.colourBy;
state.selected = new Set(known.selected);
await load();
document.body.dataset.state = "ready";
