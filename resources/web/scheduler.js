// @ts-check
/** The Bryntum scheduler: how it is set up, and projects for it. The only module that imports Bryntum. */
import * as B from "/bryntum/schedulerpro.module.js";
import { LEVELS, tickText, topText } from "./levels.js";
import { ROW_PX } from "./mapping.js";

/** @typedef {import("./levels.js").Level} Level */

const TOP_UNIT = /** @type {const} */ ({ day: "day", week: "week", month: "month", year: "year" });

/** The fields that our rows and bars have beside Bryntum's. */
class RowModel extends B.SchedulerResourceModel {
  static fields = [
    { name: "note", type: "string" },
    { name: "rowIndex", type: "number" },
    { name: "load", type: "number" },
    { name: "isGroup", type: "boolean" },
  ];
}

class BarModel extends B.SchedulerEventModel {
  static fields = [{ name: "stamp", type: "number" }];
}

/**
 * A project that holds data and computes nothing: Scheduler's basic engine under the Scheduler Pro view. The Pro engine
 * costs 1.2 ms an event and would cascade; ours are all placed by Python.
 * @param {Record<string, unknown>} data
 * @returns {Promise<B.SchedulerProjectModel>}
 */
export async function makeProject(data) {
  const project = new B.SchedulerProjectModel(
    /** @type {any} */ ({
      eventModelClass: BarModel,
      resourceModelClass: RowModel,
      resourceStore: { tree: true },
    }),
  );
  await /** @type {any} */ (project).loadInlineData(data);
  return project;
}

/** The zoom levels as view presets. */
const PRESETS = LEVELS.map((level) => ({
  id: level.id,
  tickWidth: level.tickWidth,
  rowHeight: ROW_PX,
  displayDateFormat: "ddd D MMM HH:mm",
  shiftIncrement: 1,
  shiftUnit: level.unit,
  timeResolution: { unit: "minute", increment: level.snapMinutes },
  columnLinesFor: 1,
  preserveHoursAcrossDST: true,
  headers: [
    {
      unit: TOP_UNIT[level.top],
      align: "start",
      renderer: (/** @type {Date} */ date) => `<span class="tk-top">${topText(date, level)}</span>`,
    },
    {
      unit: level.unit,
      increment: level.increment,
      align: ["minute", "hour"].includes(level.unit) ? "start" : "center",
      renderer: (/** @type {Date} */ date) => tickHtml(date, level),
    },
  ],
}));

/**
 * Header cells take HTML only; these texts are made of dates alone.
 * @param {Date} date
 * @param {Level} level
 */
function tickHtml(date, level) {
  const { text, minor } = tickText(date, level);
  const weekend = level.unit === "day" && date.getDay() % 6 === 0;
  return `<span class="tk-tick${weekend ? " tk-weekend" : ""}">${text}${minor ? ` <b>${minor}</b>` : ""}</span>`;
}

/**
 * @param {number} load
 * @returns {{className: string, children: object[]}}
 */
function loadNode(load) {
  const share = Math.min(1, load);
  const tone = load > 0.95 ? "tk-load-high" : load > 0.8 ? "tk-load-busy" : "";
  return {
    className: `tk-load ${tone}`,
    children: [
      { className: "tk-load-track", children: [{ className: "tk-load-fill", style: `width:${share * 100}%` }] },
      { tag: "span", text: `${Math.round(load * 100)}%` },
    ],
  };
}

/** @type {any[]} */
const COLUMNS = [
  {
    type: "tree",
    field: "name",
    text: "Resource",
    width: 196,
    minWidth: 110,
    sortable: false,
    draggable: false,
    leafIconCls: null,
    collapsedFolderIconCls: null,
    expandedFolderIconCls: null,
    indentSize: 0.6,
    renderer: (/** @type {any} */ { record }) => {
      if (record.isGroup) return { className: "tk-group-name", text: record.name };
      const children = [{ className: "tk-row-name", text: record.name }];
      if (record.note) children.push({ className: "tk-row-note", text: record.note });
      return { className: "tk-row", children };
    },
  },
  {
    field: "load",
    text: "Load",
    width: 92,
    sortable: false,
    draggable: false,
    htmlEncode: false,
    renderer: (/** @type {any} */ { record }) => (record.load < 0 ? "" : loadNode(record.load)),
  },
];

/** Everything that edits, explains or moves by itself is off: gestures go through `gestures.js` to Python. */
const FEATURES = {
  tree: true,
  dependencies: {
    allowCreate: false,
    showTooltip: false,
    radius: 5,
    clickWidth: 1,
    highlightDependenciesOnEventHover: false,
  },
  resourceTimeRanges: true,
  timeRanges: { showCurrentTimeLine: false, showHeaderElements: true, showTooltip: false },
  columnLines: true,
  eventMenu: true,
  scheduleMenu: true,
  regionResize: true,
  cellEdit: false,
  cellMenu: false,
  columnPicker: false,
  columnReorder: false,
  dependencyEdit: false,
  eventDragCreate: false,
  eventDragSelect: false,
  eventEdit: false,
  eventResize: false,
  eventTooltip: false,
  filter: false,
  group: false,
  headerMenu: false,
  nonWorkingTime: false,
  resourceNonWorkingTime: false,
  rowReorder: false,
  scheduleTooltip: false,
  sort: false,
  stripe: false,
  taskEdit: false,
  timeAxisHeaderMenu: false,
};

/**
 * @param {Record<string, unknown>} own  what differs from board to board: renderer, listeners, span, project
 * @param {Record<string, unknown>} features
 * @returns {B.SchedulerPro}
 */
export function makeScheduler(own, features) {
  return new B.SchedulerPro(
    /** @type {any} */ ({
      appendTo: "board",
      flex: 1,
      detectCSSCompatibilityIssues: false,
      displaySchedulingIssueResolutionPopup: false,
      presets: PRESETS,
      rowHeight: ROW_PX,
      barMargin: 4,
      resourceMargin: 4,
      eventStyle: null,
      eventColor: null,
      columns: COLUMNS,
      weekStartDay: 1,
      snap: true,
      suppressFit: true,
      fillTicks: false,
      autoAdjustTimeAxis: false,
      zoomOnMouseWheel: false,
      zoomOnTimeAxisDoubleClick: false,
      zoomKeepsOriginalTimespan: true,
      createEventOnDblClick: false,
      enableDeleteKey: false,
      enableUndoRedoKeys: false,
      enableRecurringEvents: false,
      useInitialAnimation: false,
      transition: { changeEvent: false, removeEvent: false },
      multiEventSelect: true,
      deselectOnClick: false,
      selectionMode: { row: false, cell: false, rowCheckboxSelection: false },
      highlightPredecessors: false,
      highlightSuccessors: false,
      emptyText: "",
      ...own,
      features: { ...FEATURES, ...features },
    }),
  );
}

/**
 * Change to the dark or the light theme.
 * @param {boolean} dark
 */
export async function setTheme(dark) {
  document.documentElement.classList.toggle("tk-dark", dark);
  await B.DomHelper.setTheme(dark ? "svalbard-dark" : "svalbard-light");
}

/** @returns {Promise<void>} */
export function nextFrame() {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
