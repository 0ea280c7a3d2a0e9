// @ts-check
/** What floats over the board: the tooltip, the badge beside a dragged bar, and messages. Plain DOM. */
import { fill, placeNear } from "./dom.js";

/** @typedef {import("./bars.js").DomNode} DomNode */

const HOVER_MS = 380;
const TOAST_MS = 6500;
const MOST_TOASTS = 3;

/** The tooltip: shown after a rest on a bar, filled by a promise, gone when the pointer leaves. */
export class Tip {
  constructor() {
    this.element = overlay("tk-tip");
    this.timer = 0;
    this.token = 0;
  }

  /**
   * Show content after a while.
   * @param {() => {x: number, y: number}} where
   * @param {() => Promise<DomNode[]>} content
   */
  soon(where, content) {
    this.hide();
    const token = this.token;
    this.timer = window.setTimeout(async () => {
      const nodes = await content().catch(() => null);
      if (token !== this.token || !nodes) return;
      fill(this.element, nodes);
      this.element.classList.add("tk-shown");
      placeNear(this.element, where(), 16);
    }, HOVER_MS);
  }

  hide() {
    window.clearTimeout(this.timer);
    this.token++;
    this.element.classList.remove("tk-shown");
  }
}

/** The badge that follows a dragged bar and says where it would go. */
export class DragBadge {
  constructor() {
    this.element = overlay("tk-drag");
  }

  /**
   * @param {{x: number, y: number}} point
   * @param {DomNode[]} nodes
   * @param {"fine"|"warn"|"bad"} tone
   */
  show(point, nodes, tone) {
    fill(this.element, nodes);
    this.element.dataset.tone = tone;
    this.element.classList.add("tk-shown");
    placeNear(this.element, point, 20);
  }

  hide() {
    this.element.classList.remove("tk-shown");
  }
}

/** Messages at the lower edge; they go by themselves, and the mouse passes through them. */
export class Toasts {
  constructor() {
    this.element = overlay("tk-toasts");
    this.element.setAttribute("role", "status");
    this.element.setAttribute("aria-live", "polite");
  }

  /**
   * @param {string} text
   * @param {"info"|"warn"|"bad"} [tone]
   */
  show(text, tone = "info") {
    const icon = { info: "fa-circle-info", warn: "fa-triangle-exclamation", bad: "fa-circle-xmark" }[tone];
    const toast = document.createElement("div");
    toast.className = `tk-toast tk-toast-${tone}`;
    fill(toast, [{ tag: "i", className: `fa ${icon}` }, { tag: "span", text }]);
    this.element.append(toast);
    while (this.element.children.length > MOST_TOASTS) this.element.firstElementChild?.remove();
    window.setTimeout(() => toast.remove(), TOAST_MS);
  }
}

/**
 * Set a style rule of the page that changes while it runs; empty text takes it away.
 * @param {string} id
 * @param {string} text
 */
export function setRule(id, text) {
  let style = document.getElementById(id);
  if (!style) {
    style = document.createElement("style");
    style.id = id;
    document.head.append(style);
  }
  if (style.textContent !== text) style.textContent = text;
}

/** @param {string} className */
function overlay(className) {
  const element = document.createElement("div");
  element.className = className;
  document.body.append(element);
  return element;
}
