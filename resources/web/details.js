// @ts-check
/** The tooltip of a bar: pure functions from what Python tells of an operation to DOM nodes. */
import { count, duration, instant, number, span } from "./format.js";

/** @typedef {import("./bars.js").DomNode} DomNode */
/** @typedef {import("./clock.js").PlantClock} PlantClock */

const STATUS = { planned: "Planned", released: "Released", started: "Started", completed: "Completed" };
const LATENESS = /** @type {Record<string, string>} */ ({ late: "tk-bad", "at risk": "tk-warn", "on time": "tk-good" });
const PREVIEW = /** @type {Record<string, string>} */ ({
  moved: "Moved in time",
  resource: "Moved to another resource",
  added: "Newly scheduled",
  removed: "Taken off the board",
});
const COMPARED = /** @type {Record<string, string>} */ ({
  moved: "Moved in time",
  resource: "On another resource",
  added: "Only here",
  removed: "Only here",
  fields: "Other details differ",
});

/**
 * The tooltip's content.
 * @param {any} d  what `details` answers
 * @param {PlantClock} clock
 * @returns {DomNode[]}
 */
export function tooltipOf(d, clock) {
  return [head(d), badges(d), rows(d, clock), neighbours(d, clock), violations(d)].filter((node) => node !== null);
}

/** @param {any} d @returns {DomNode} */
function head(d) {
  const { name, product, quantity, customer } = d.order ?? {};
  const amount = quantity === null || quantity === undefined ? null : `${number(quantity)} pcs`;
  const line = [name, product, amount, customer].filter(Boolean).join(" \u00b7 ");
  return {
    className: "tk-tip-head",
    children: [
      { className: "tk-tip-title", text: d.name },
      line ? { className: "tk-tip-order", text: line } : null,
    ],
  };
}

/** @param {any} d @returns {DomNode|null} */
function badges(d) {
  const done = d.percentDone && d.status !== "completed" ? ` ${number(d.percentDone)} %` : "";
  /** @type {[unknown, string, string][]} */
  const all = [
    [true, (STATUS[/** @type {keyof STATUS} */ (d.status)] ?? d.status) + done, ""],
    [d.locked, "Locked", "tk-badge-strong"],
    [d.lateness === "late", `Late by ${duration(-(slack(d) ?? 0))}`, "tk-badge-bad"],
    [d.lateness === "at risk", `At risk: ${duration(slack(d) ?? 0)} left`, "tk-badge-warn"],
    [d.preview, (d.preview?.base ? COMPARED : PREVIEW)[d.preview?.kind] ?? "Changed", "tk-badge-preview"],
  ];
  return {
    className: "tk-tip-badges",
    children: all.filter(([on]) => on).map(([, text, tone]) => ({ tag: "span", className: `tk-badge ${tone}`, text })),
  };
}

/** @param {any} d @returns {number|null} */
function slack(d) {
  return d.order?.slack ?? d.dates.slack;
}

/** @param {any} d @param {PlantClock} clock @returns {DomNode} */
function rows(d, clock) {
  /** @type {[string, string|null|false|undefined, string?][]} */
  const all = [
    ["Resource", d.resource],
    ["Time", d.start === null ? "Not scheduled" : span(d.start, d.end, clock)],
    ["Work", work(d)],
    ["Setup", setup(d, clock)],
    [d.preview?.base ?? "Now at", d.preview && present(d.preview, clock)],
    ["Order due", due(d, clock), LATENESS[d.lateness]],
    ["Own due date", d.dates.due !== null && instant(d.dates.due, clock)],
    ["Deadline", deadline(d, clock)],
    ["Release", release(d, clock)],
    ["Can run on", alternatives(d)],
    ["Needs", needs(d)],
    ["Priority", d.priority ?? d.order?.priority ? number(d.priority ?? d.order.priority) : null],
  ];
  const shown = all.filter(([, value]) => value);
  return {
    className: "tk-tip-rows",
    children: shown.flatMap(([label, value, tone]) => [
      { className: "tk-tip-label", text: label },
      { className: `tk-tip-value ${tone ?? ""}`, text: String(value) },
    ]),
  };
}

/** @param {any} d */
function work(d) {
  if (d.start === null) return null;
  const pauses = d.pause > 0 ? `, pauses ${duration(d.pause)}` : "";
  return `${duration(d.work)}${pauses}${d.interruptible ? "" : ", without interruption"}`;
}

/** @param {any} d @param {PlantClock} clock */
function setup(d, clock) {
  if (!d.setup) return d.family ? `None (family ${d.family})` : null;
  const ban = d.setup.forbidden ? " \u2013 forbidden" : "";
  return `${d.setup.from} \u2192 ${d.setup.to}, ${duration(d.setup.work)} from ${instant(d.setup.start, clock)}${ban}`;
}

/** @param {any} p @param {PlantClock} clock */
function present(p, clock) {
  if (p.start === undefined) return "not in this plan";
  if (p.start === null) return "not scheduled";
  return `${p.resource ?? "no resource"}, ${span(p.start, p.end, clock)}`;
}

/** @param {any} d @param {PlantClock} clock */
function due(d, clock) {
  if (!d.order || d.order.due === null) return null;
  const left = d.order.slack;
  const state = left === null ? "" : left < 0 ? `, ${duration(-left)} late` : `, ${duration(left)} spare`;
  return instant(d.order.due, clock) + state;
}

/** @param {any} d @param {PlantClock} clock */
function deadline(d, clock) {
  const at = d.dates.deadline ?? d.order?.deadline ?? null;
  return at === null ? null : instant(at, clock);
}

/** @param {any} d @param {PlantClock} clock */
function release(d, clock) {
  const at = d.dates.release ?? d.order?.release ?? null;
  return at === null ? null : instant(at, clock);
}

/** @param {any} d */
function alternatives(d) {
  if (d.modes.length < 2) return null;
  const names = d.modes.map((/** @type {any} */ m) => `${m.resource} (${duration(m.work)})`);
  const more = d.modeCount - d.modes.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** @param {any} d */
function needs(d) {
  const each = d.demands.map((/** @type {any} */ n) => {
    const times = n.quantity > 1 ? `${n.quantity} \u00d7 ` : "";
    if (n.resource) return times + n.resource;
    return `${times}one of ${n.choices.join(", ")}`;
  });
  return each.join(", ");
}

/** @param {any} d @param {PlantClock} clock @returns {DomNode|null} */
function neighbours(d, clock) {
  const line = (/** @type {any} */ n, /** @type {"end"|"start"} */ point) => {
    const at = n[point] === null ? "not scheduled" : `${n.resource ?? ""} ${instant(n[point], clock)}`.trim();
    const broken = n.slack !== null && n.slack < 0;
    const text = broken ? `${at}, too close by ${duration(-n.slack)}` : at;
    return {
      className: "tk-tip-neighbour",
      children: [
        { tag: "span", className: "tk-tip-name", text: n.name },
        { tag: "span", className: broken ? "tk-bad" : "tk-muted", text },
      ],
    };
  };
  if (!d.before.length && !d.after.length) return null;
  return {
    className: "tk-tip-chain",
    children: [
      d.before.length ? { className: "tk-tip-label", text: "Follows" } : null,
      ...d.before.map((/** @type {any} */ n) => line(n, "end")),
      d.after.length ? { className: "tk-tip-label", text: "Followed by" } : null,
      ...d.after.map((/** @type {any} */ n) => line(n, "start")),
    ],
  };
}

/** @param {any} d @returns {DomNode|null} */
function violations(d) {
  if (!d.violations.length) return null;
  return {
    className: "tk-tip-violations",
    children: d.violations.map((/** @type {string} */ text) => ({
      className: "tk-tip-violation",
      children: [{ tag: "i", className: "fa fa-triangle-exclamation" }, { tag: "span", text }],
    })),
  };
}

/**
 * The tooltip of a block of merged bars.
 * @param {import("./bars.js").Bar} bar
 * @param {PlantClock} clock
 * @returns {DomNode[]}
 */
export function blockTooltip(bar, clock) {
  return [
    { className: "tk-tip-title", text: count(bar.q ?? 0, "operation") },
    { className: "tk-tip-order", text: span(bar.s, bar.e, clock) },
    { className: "tk-muted", text: "Double-click to zoom in." },
  ];
}
