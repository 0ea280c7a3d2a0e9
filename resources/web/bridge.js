// @ts-check
/** The page's end of the channel: `call(method, fields)` and messages from the program. */

/** @typedef {{code: string, message: string, details?: Record<string, unknown>}} BridgeFault */

/** What the program refused, with its coded error. */
export class BridgeError extends Error {
  /** @param {BridgeFault} fault */
  constructor(fault) {
    super(fault.message);
    this.code = fault.code;
    this.details = fault.details ?? {};
  }
}

/** @typedef {{type: string, [field: string]: any}} Message */

/**
 * @typedef {object} Remote the program's object on Qt's channel
 * @property {(text: string) => Promise<string>} call
 * @property {{connect: (listener: (text: string) => void) => void}} message
 */

/** One connection to the program. */
export class Bridge {
  /** @param {Remote} remote */
  constructor(remote) {
    this.remote = remote;
    /** @type {Map<string, (message: Message) => void>} */
    this.listeners = new Map();
    remote.message.connect((text) => this.receive(text));
  }

  /**
   * Ask the program; rejects with a `BridgeError` when it refuses.
   * @param {string} method
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<any>}
   */
  async call(method, fields = {}) {
    const text = await this.remote.call(JSON.stringify({ method, ...fields }));
    if (!text) throw new BridgeError({ code: "INTERNAL", message: "No answer came back." });
    const answer = JSON.parse(text);
    if (answer.ok) return answer.data;
    throw new BridgeError(answer.error);
  }

  /**
   * Call a listener with every message of a type.
   * @param {string} type
   * @param {(message: Message) => void} listener
   */
  on(type, listener) {
    this.listeners.set(type, listener);
  }

  /** @param {string} text */
  receive(text) {
    const message = JSON.parse(text);
    this.listeners.get(message.type)?.(message);
  }
}

/**
 * Connect to the program through Qt's channel.
 * @returns {Promise<Bridge>}
 */
export function connect() {
  const { QWebChannel, qt } = /** @type {any} */ (globalThis);
  return new Promise((resolve) => {
    const done = (/** @type {any} */ channel) => resolve(new Bridge(channel.objects.bridge));
    new QWebChannel(qt.webChannelTransport, done);
  });
}

/**
 * Fetch bulk data.
 * @param {string} path  under `/api/`
 * @returns {Promise<any>}
 */
export async function fetchJson(path) {
  const response = await fetch(`/api/${path}`);
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return response.json();
}
