// @ts-check
/** The context menus. */
import { askWhyNot } from "./pick.js";

const LONGEST_NAME = 28;

/**
 * The menu of a bar.
 * @param {import("./board.js").Board} board
 * @param {any} context
 */
export function barMenu(board, { eventRecord, items }) {
  const { gestures } = board;
  board.tip.hide();
  const bar = board.bars.get(String(eventRecord.id));
  if (!bar || bar.q) return false;
  if (!board.selected.has(bar.id)) board.select([bar.id]);
  const ids = board.selectedOperations();
  const locked = ids.every((id) => board.bars.get(id)?.lk);
  const many = ids.length > 1 ? ` ${ids.length} operations` : "";
  const edits = {
    edit: {
      text: "Edit\u2026",
      icon: "fa fa-pen",
      weight: 10,
      onItem: () => board.bridge.call("edit", { eventId: bar.id }),
    },
    lock: {
      text: `${locked ? "Unlock" : "Lock"}${many}`,
      icon: locked ? "fa fa-lock-open" : "fa fa-lock",
      weight: 20,
      onItem: () => gestures.lock(ids, !locked),
    },
    unschedule: { text: `Unschedule${many}`, icon: "fa fa-inbox", weight: 30, onItem: () => gestures.unschedule(ids) },
  };
  const looks = {
    order: bar.o && {
      text: "Go to order",
      icon: "fa fa-file-lines",
      weight: 40,
      cls: "b-separator",
      onItem: () => board.bridge.call("order", { orderId: bar.o }),
    },
    chain: {
      text: "Select predecessors",
      icon: "fa fa-diagram-project",
      weight: 50,
      onItem: () => selectChain(board, bar.id),
    },
    why: mayAsk(board) && {
      text: "Why not here\u2026",
      icon: "fa fa-circle-question",
      weight: 55,
      onItem: () => board.gestures.pick.begin(bar),
    },
    optimise: {
      text: "Optimise around this\u2026",
      icon: "fa fa-wand-magic-sparkles",
      weight: 60,
      onItem: () => board.bridge.call("optimise", { eventIds: ids }),
    },
  };
  Object.assign(items, board.readOnly ? {} : edits, looks);
  return true;
}

/**
 * The menu of the free schedule.
 * @param {import("./board.js").Board} board
 * @param {any} context
 */
export function scheduleMenu(board, { items, date, resourceRecord }) {
  const now = board.frame?.now;
  board.tip.hide();
  Object.assign(items, {
    why: whyHere(board, resourceRecord, date),
    fit: {
      text: "Fit the plan",
      icon: "fa fa-arrows-left-right-to-line",
      weight: 10,
      onItem: () => board.viewport.zoom("fit"),
    },
    now: typeof now === "number" && {
      text: "Go to now",
      icon: "fa fa-location-crosshairs",
      weight: 20,
      onItem: () => board.viewport.goToTime(now),
    },
    day: {
      text: "Show this day",
      icon: "fa fa-magnifying-glass-plus",
      weight: 30,
      onItem: () => {
        const at = board.clock.fromBoard(new Date(date.getFullYear(), date.getMonth(), date.getDate()));
        return board.viewport.showSpan(at, at + 86_400_000);
      },
    },
  });
  return true;
}

/**
 * The question about the cell under the pointer, when it is clear which operation is meant.
 * @param {import("./board.js").Board} board
 * @param {any} row
 * @param {Date} date
 */
function whyHere(board, row, date) {
  const ids = board.selectedOperations();
  const bar = ids.length === 1 ? board.bars.get(ids[0]) : undefined;
  if (!bar || !row || row.isGroup || !mayAsk(board)) return false;
  const name = bar.n.length > LONGEST_NAME ? `${bar.n.slice(0, LONGEST_NAME - 1)}\u2026` : bar.n;
  return {
    text: `Why not ${name} here?`,
    icon: "fa fa-circle-question",
    weight: 5,
    onItem: () => askWhyNot(board, bar.id, row, board.clock.fromBoard(date)),
  };
}

/** Explanations are of the planner's own plan. @param {import("./board.js").Board} board */
function mayAsk(board) {
  return !board.readOnly && !board.frame?.preview && !board.frame?.compare?.fixed;
}

/**
 * Select a bar with everything before it.
 * @param {import("./board.js").Board} board
 * @param {string} id
 */
function selectChain(board, id) {
  const before = new Map();
  for (const [, from, to] of board.window?.deps ?? []) before.set(to, [...(before.get(to) ?? []), from]);
  const found = new Set([id]);
  const queue = [id];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const from of before.get(next) ?? []) {
      if (found.has(from)) continue;
      found.add(from);
      queue.push(from);
    }
  }
  board.select([...found]);
}
