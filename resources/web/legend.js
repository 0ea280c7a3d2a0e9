// @ts-check
/** The strip below the board: what the colours and marks mean. */
import { fill } from "./dom.js";

/** @typedef {import("./bars.js").DomNode} DomNode */

const TITLES = {
  order: "Coloured by order",
  lateness: "Coloured by lateness",
  family: "Coloured by setup family",
  status: "Coloured by status",
};

/**
 * The legend's nodes.
 * @param {import("./bars.js").ColourKey} key
 * @param {import("./bars.js").Palette} palette
 * @param {string[]} families  the names of the setup families, by index
 * @param {boolean} preview
 * @param {import("./mapping.js").Compared|null} [compare]
 * @returns {DomNode[]}
 */
export function legendOf(key, palette, families, preview, compare = null) {
  const swatch = (/** @type {string} */ text, /** @type {{fill: string, edge: string}} */ tone) => ({
    tag: "span",
    className: "tk-key",
    children: [{ tag: "i", className: "tk-swatch", style: `background:${tone.fill};border-color:${tone.edge}` }, text],
  });
  const mark = (/** @type {string} */ text, /** @type {string} */ className) => ({
    tag: "span",
    className: "tk-key",
    children: [{ tag: "i", className }, text],
  });
  /** @type {DomNode[]} */
  let colours = [];
  if (key === "lateness") colours = Object.entries(palette.lateness).map(([name, tone]) => swatch(name, tone));
  if (key === "status") colours = Object.entries(palette.status).map(([name, tone]) => swatch(name, tone));
  if (key === "family") {
    const most = palette.categories.length;
    colours = families.slice(0, most).map((name, index) => swatch(name, palette.categories[index]));
    if (families.length > most) colours.push({ tag: "span", className: "tk-key", text: "colours repeat" });
  }
  const marks = [
    mark("late", "tk-sample tk-sample-late"),
    mark("at risk", "tk-sample tk-sample-risk"),
    mark("locked", "fa fa-lock"),
    mark("breaks a rule", "fa fa-triangle-exclamation tk-bad"),
    mark("setup", "tk-sample tk-sample-setup"),
    mark("maintenance", "tk-sample tk-sample-outage"),
    mark("not working", "tk-sample tk-sample-off"),
  ];
  if (preview) {
    marks.unshift(mark("changed", "tk-sample tk-sample-moved"), mark("present place", "tk-sample tk-sample-ghost"));
  }
  if (compare) {
    const kinds = [
      mark("moved", "tk-sample tk-sample-moved"),
      mark("other resource", "tk-sample tk-sample-resource"),
      mark(compare.ghosts ? "added" : `only in ${compare.base}`, "tk-sample tk-sample-added"),
      mark(compare.ghosts ? `only in ${compare.base}` : "only here", "tk-sample tk-sample-removed"),
      mark("other changes", "tk-sample tk-sample-fields"),
    ];
    const ghost = mark(`place in ${compare.base}`, "tk-sample tk-sample-ghost");
    const shown = compare.ghosts ? [...kinds, ghost] : kinds.filter((_, index) => index !== 2);
    return [...shown, { tag: "span", className: "tk-legend-gap" }, ...colours];
  }
  return [
    { tag: "span", className: "tk-legend-title", text: TITLES[key] },
    ...colours,
    { tag: "span", className: "tk-legend-gap" },
    ...marks,
  ];
}

/**
 * @param {HTMLElement} element
 * @param {DomNode[]} nodes
 */
export function showLegend(element, nodes) {
  fill(element, nodes);
}
