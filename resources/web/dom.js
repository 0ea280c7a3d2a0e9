// @ts-check
/** DOM from data. Text is always text: nothing here parses HTML. */

/** @typedef {import("./bars.js").DomNode} DomNode */

/**
 * The element of a node.
 * @param {DomNode|string} node
 * @returns {Node}
 */
export function build(node) {
  if (typeof node === "string") return document.createTextNode(node);
  const element = document.createElement(node.tag ?? "div");
  if (typeof node.className === "string") element.className = node.className;
  if (node.text !== undefined) element.textContent = node.text;
  if (typeof node.style === "string") element.style.cssText = node.style;
  if (node.title) element.title = node.title;
  for (const [key, value] of Object.entries(node.dataset ?? {})) element.dataset[key] = String(value);
  for (const child of node.children ?? []) if (child !== null) element.append(build(child));
  return element;
}

/**
 * Replace what an element holds.
 * @param {HTMLElement} element
 * @param {(DomNode|string|null)[]} nodes
 */
export function fill(element, nodes) {
  element.replaceChildren(...nodes.filter((node) => node !== null).map((node) => build(/** @type {DomNode} */ (node))));
}

/**
 * Put a floating element beside a point, inside the window.
 * @param {HTMLElement} element
 * @param {{x: number, y: number}} point
 * @param {number} gap
 */
export function placeNear(element, point, gap) {
  const { width, height } = element.getBoundingClientRect();
  const right = point.x + gap;
  const below = point.y + gap;
  const left = right + width > innerWidth - 4 ? point.x - gap - width : right;
  const top = below + height > innerHeight - 4 ? point.y - gap - height : below;
  element.style.left = `${Math.max(4, Math.round(left))}px`;
  element.style.top = `${Math.max(4, Math.round(top))}px`;
}
