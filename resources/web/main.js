// @ts-check
/** The page's beginning. */
import { Board } from "./board.js";
import { connect } from "./bridge.js";

const board = new Board(await connect());
/** For tests. */
/** @type {any} */ (window).board = board;
window.addEventListener("error", (event) => board.report(event.error ?? event.message));
window.addEventListener("unhandledrejection", (event) => board.report(event.reason));
await board.start();
