// The viewer of one exported plan: everything it shows is in the page, nothing is loaded, texts are never parsed as HTML.
(() => {
  "use strict";

  const data = JSON.parse(byId("data").textContent);
  const HEAD = 46, ROW = 34, BAR = 24, SIDE_MOST = 210, MINUTE = 60000, HOUR = 3600000, DAY = 86400000;
  const CATEGORIES = [
    ["#a9cce3", "#4f8fb8"], ["#f3d19c", "#c08727"], ["#b5ddbd", "#559e68"], ["#f0bcc3", "#c4677a"], ["#cdc1e8", "#8571bf"],
    ["#a5dad6", "#3f9c96"], ["#f5c3a2", "#cf7a3e"], ["#d3dba1", "#8e9a3c"], ["#bfe3f5", "#4d9dcb"], ["#e3bedf", "#aa68a4"],
    ["#ddd0bc", "#9c845c"], ["#c5cfd8", "#6f8494"],
  ];
  const PLAIN = ["#d3dae0", "#7f909d"];
  const LATENESS = { "on time": ["#b5ddbd", "#3f9159"], late: ["#f2b0a9", "#b9322a"], "no due date": PLAIN };
  const STATUS = {
    planned: ["#c9ddea", "#6a98b6"], released: ["#a9cce3", "#3f7fa8"], started: ["#a5dad6", "#2a8a84"], completed: ["#dfe4e8", "#93a1ac"],
  };
  const KINDS = {
    moved: ["#cdc1e8", "#6d4bb8", "moved"], resource: ["#f5c3a2", "#c2601c", "other resource"], added: ["#b5ddbd", "#1b7a4b", "added"],
    removed: ["#fbe7e5", "#b9322a", "removed"], changed: ["#bfe3f5", "#14708a", "changed fields"], same: ["#e9edf0", "#b4bfc7", "unchanged"],
  };
  const OPERATION_FIELDS = ["id", "name", "resource", "order", "start", "end", "setup", "status", "family", "late", "locked", "kind", "was", "gone"];

  const orders = data.orders;
  const operations = data.operations.map((values) => Object.fromEntries(OPERATION_FIELDS.map((key, i) => [key, values[i] ?? null])));
  operations.forEach((op) => {
    const order = orders[op.order];
    op.words = [op.name, op.id, op.family ?? "", order ? `${order.name} ${order.id} ${order.customer} ${order.product}` : ""].join(" ").toLowerCase();
  });
  const byOperationId = new Map(operations.map((op) => [op.id, op]));
  const hasBase = data.baseTitle !== null;
  const state = {
    view: "board", from: 0, scale: 1, top: 0, search: "", resource: "", order: "", colour: hasBase ? "change" : "order",
    kinds: new Set(Object.keys(KINDS)), selected: null, hovered: null, ghosts: true, rows: [], height: 0,
  };
  const canvas = byId("chart");
  const pen = canvas.getContext("2d");
  let width = 0, height = 0, pixels = 1, drawn = 0, colours = {}, side = SIDE_MOST;

  function byId(id) { return document.getElementById(id); }
  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  // Times are ms since data.origin; the plant's clock comes as a table of offsets from UTC, so that no browser guesses.
  function offsetAt(at) {
    let found = data.offsets[0][1];
    for (const [from, offset] of data.offsets) { if (from <= at) found = offset; else break; }
    return found;
  }
  function local(at) { return new Date(data.origin + at + offsetAt(at)); }
  function pad(number) { return String(number).padStart(2, "0"); }
  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  function clock(at) {
    const when = local(at), rest = when.getUTCSeconds() * 1000 + when.getUTCMilliseconds();
    const seconds = rest ? `:${pad(when.getUTCSeconds())}${rest % 1000 ? `.${String(rest % 1000).padStart(3, "0")}` : ""}` : "";
    return `${pad(when.getUTCHours())}:${pad(when.getUTCMinutes())}${seconds}`;
  }
  function date(at) { const when = local(at); return `${DAYS[when.getUTCDay()]} ${when.getUTCDate()} ${MONTHS[when.getUTCMonth()]}`; }
  function moment(at) { return at === null || at === undefined ? "" : `${date(at)} ${local(at).getUTCFullYear()} ${clock(at)}`; }
  function length(ms) {
    const sign = ms < 0 ? "-" : "", parts = [];
    let rest = Math.abs(ms);
    for (const [unit, size] of [["d", DAY], ["h", HOUR], ["min", MINUTE], ["s", 1000]]) {
      const count = Math.floor(rest / size);
      rest -= count * size;
      if (count) parts.push(`${count} ${unit}`);
    }
    return sign + (parts.slice(0, 2).join(" ") || "0 min");
  }
  function localMidnight(at, days = 0) {
    const when = local(at);
    const midnight = Date.UTC(when.getUTCFullYear(), when.getUTCMonth(), when.getUTCDate() + days) - data.origin;
    return midnight - offsetAt(midnight - offsetAt(midnight));
  }

  // Rows: one a resource, with as many lanes as operations overlap.
  function matches(op) {
    return (!state.order || String(op.order) === state.order) && (!state.search || op.words.includes(state.search));
  }
  function isShown(op) { return !hasBase || state.kinds.has(op.kind ?? "same"); }
  function buildRows() {
    const bars = new Map(data.resources.map((_, index) => [index, []]));
    bars.set(-1, []);
    for (const op of operations) {
      if (op.start !== null) bars.get(op.resource ?? -1).push({ op, start: op.start, end: op.end, ghost: false });
      if (op.was && hasBase) bars.get(op.was[0] ?? -1).push({ op, start: op.was[1], end: op.was[2], ghost: true });
    }
    state.rows = [];
    let top = 0;
    for (const [index, list] of bars) {
      const isWanted = state.resource === "" ? index >= 0 || list.length : String(index) === state.resource;
      const isPicked = (state.order || state.search) && state.resource === "" && !list.some((bar) => matches(bar.op));
      if (!isWanted || isPicked) continue;
      const solid = list.filter((bar) => !bar.ghost).sort((a, b) => a.start - b.start || a.end - b.end);
      const lanes = [];
      for (const bar of solid) {
        let lane = lanes.findIndex((end) => end <= bar.start);
        if (lane < 0) lane = lanes.length < 12 ? lanes.push(0) - 1 : 11;
        lanes[lane] = bar.end;
        bar.lane = lane;
      }
      const ghosts = list.filter((bar) => bar.ghost).sort((a, b) => a.start - b.start);
      ghosts.forEach((bar) => { bar.lane = Math.min(bar.op.resource === index ? laneOf(solid, bar.op) : 0, Math.max(0, lanes.length - 1)); });
      let longest = 0;
      for (const bar of list) longest = Math.max(longest, bar.end - bar.start);
      const rowHeight = Math.max(1, lanes.length) * (BAR + 4) + ROW - BAR - 4;
      state.rows.push({ index, top, height: rowHeight, bars: solid, ghosts, longest, resource: data.resources[index] ?? { name: "No resource", group: "" } });
      top += rowHeight;
    }
    state.height = top;
  }
  function laneOf(bars, op) { return bars.find((bar) => bar.op === op)?.lane ?? 0; }

  // Drawing
  function readColours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "muted", "faint", "surface", "alt", "line", "strong", "accent", "off", "now", "freeze", "ghost", "bad", "hover"]) {
      colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }
  function x(at) { return side + (at - state.from) * state.scale; }
  function timeAt(px) { return state.from + (px - side) / state.scale; }
  function tone(op) {
    if (state.colour === "change") return KINDS[op.kind ?? "same"];
    if (state.colour === "order") return op.order === null ? PLAIN : CATEGORIES[op.order % 12];
    if (state.colour === "family") return op.family === null ? PLAIN : CATEGORIES[data.families.indexOf(op.family) % 12];
    if (state.colour === "status") return STATUS[op.status] ?? PLAIN;
    return LATENESS[op.late === null ? "no due date" : op.late > 0 ? "late" : "on time"];
  }
  function firstFrom(bars, at) {
    let low = 0, high = bars.length;
    while (low < high) { const middle = (low + high) >> 1; if (bars[middle].start < at) low = middle + 1; else high = middle; }
    return low;
  }
  function clamp() {
    const span = data.to - data.from, room = width - side;
    state.scale = Math.min(Math.max(state.scale, room / (span * 1.6)), 0.02);
    const slack = room * 0.4 / state.scale;
    state.from = Math.min(Math.max(state.from, data.from - slack), data.to + slack - room / state.scale);
    state.top = Math.max(0, Math.min(state.top, state.height - (height - HEAD)));
  }
  function draw() {
    clamp();
    drawn = 0;
    pen.setTransform(pixels, 0, 0, pixels, 0, 0);
    pen.fillStyle = colours.surface;
    pen.fillRect(0, 0, width, height);
    const first = timeAt(side), last = timeAt(width);
    const visible = state.rows.filter((row) => row.top + row.height > state.top && row.top < state.top + height - HEAD);
    pen.save();
    pen.beginPath();
    pen.rect(side, HEAD, width - side, height - HEAD);
    pen.clip();
    visible.forEach((row) => drawShading(row, first, last));
    drawGrid(first, last);
    visible.forEach((row) => drawRow(row, first, last));
    drawLine(data.now, colours.now, []);
    drawLine(data.freeze, colours.freeze, [5, 4]);
    pen.restore();
    drawAxis(first, last);
    drawSide(visible);
    drawScrollers();
    state.pending = false;
  }
  function ask() { if (!state.pending) { state.pending = true; requestAnimationFrame(draw); } }
  function drawShading(row, first, last) {
    const spans = data.breaks[row.resource.breaks] ?? [];
    const y = HEAD + row.top - state.top;
    pen.fillStyle = colours.off;
    let until = -Infinity;
    for (const [start, end] of spans) {
      if (end < first || start > last) continue;
      const left = Math.max(x(start), until), right = x(end);
      if (right - left < 0.7) continue;
      pen.fillRect(left, y, right - left, row.height);
      until = right;
    }
  }
  function steps() {
    const day = DAY * state.scale, hour = HOUR * state.scale;
    if (hour > 200) return MINUTE * 15;
    for (const hours of [1, 2, 3, 6, 12]) if (hour * hours > 48) return HOUR * hours;
    for (const days of [1, 2, 7, 14, 28, 56]) if (day * days > 52) return DAY * days;
    return DAY * 91;
  }
  function ticks(first, last) {
    const step = steps(), found = [];
    if (step >= DAY) {
      const stride = step / DAY;
      const when = local(first);
      const count = Math.floor(Date.UTC(when.getUTCFullYear(), when.getUTCMonth(), when.getUTCDate()) / DAY);
      let skip = -((count + 3) % stride);
      for (let at = localMidnight(first, skip); at < last && found.length < 500; skip += stride, at = localMidnight(first, skip)) found.push(at);
      return found;
    }
    for (let day = localMidnight(first); day < last; day = localMidnight(day + DAY * 1.5)) {
      const next = localMidnight(day + DAY * 1.5);
      for (let at = Math.max(day, day + Math.floor((first - day) / step) * step); at < Math.min(next, last) && found.length < 1000; at += step) found.push(at);
    }
    return found;
  }
  function drawGrid(first, last) {
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const at of ticks(first, last)) { const px = Math.round(x(at)) + 0.5; pen.moveTo(px, HEAD); pen.lineTo(px, height); }
    for (const row of state.rows) {
      const y = Math.round(HEAD + row.top + row.height - state.top) + 0.5;
      if (y > HEAD && y < height + 1) { pen.moveTo(side, y); pen.lineTo(width, y); }
    }
    pen.stroke();
  }
  function drawRow(row, first, last) {
    const y = HEAD + row.top - state.top;
    let edge = -Infinity;
    if (state.ghosts && hasBase) {
      for (let i = firstFrom(row.ghosts, first - row.longest); i < row.ghosts.length && row.ghosts[i].start < last; i++) drawGhost(row.ghosts[i], y);
    }
    for (let i = firstFrom(row.bars, first - row.longest); i < row.bars.length && row.bars[i].start < last; i++) {
      const bar = row.bars[i];
      if (bar.end < first || !isShown(bar.op)) continue;
      const left = x(bar.start), right = Math.max(x(bar.end), left + 1.5);
      if (right < edge + 0.6 && bar.op !== state.selected && row.bars.length > 40) continue; // already covered by a pixel
      if (bar.lane === 0) edge = Math.max(edge, right - 0.4);
      drawBar(bar, left, right, y);
    }
  }
  function round(left, top, wide, high, radius) {
    pen.beginPath();
    if (wide < 6) pen.rect(left, top, wide, high); else pen.roundRect(left, top, wide, high, radius);
  }
  function drawBar(bar, left, right, rowTop) {
    const op = bar.op, [fill, edge] = tone(op), top = rowTop + 5 + bar.lane * (BAR + 4), wide = right - left;
    const isFaded = (state.search || state.order) && !matches(op);
    drawn++;
    pen.globalAlpha = isFaded ? 0.18 : op.kind === "removed" ? 0.8 : 1;
    if (op.setup !== null && op.setup < bar.start && x(bar.start) - x(op.setup) > 1.5) drawSetup(x(op.setup), left, top);
    round(left, top, wide, BAR, 3);
    pen.fillStyle = fill;
    pen.fill();
    if (wide > 4) { pen.strokeStyle = edge; pen.lineWidth = 1; pen.stroke(); }
    pen.fillStyle = edge;
    if (wide > 9) pen.fillRect(left, top + 1, 3, BAR - 2);
    if (op.late > 0 && state.colour !== "lateness" && wide > 5) { pen.fillStyle = "#b9322a"; pen.fillRect(left + 3, top + BAR - 3, wide - 4, 2.5); }
    if (wide > 34) {
      pen.save();
      pen.beginPath();
      pen.rect(left + 4, top, wide - 8, BAR);
      pen.clip();
      pen.fillStyle = "#1d2a35";
      pen.font = `12px ${FONT}`;
      pen.fillText((op.locked ? "🔒 " : "") + op.name, Math.max(left + 8, side + 6), top + BAR / 2 + 0.5);
      pen.restore();
    }
    pen.globalAlpha = 1;
    if (op === state.selected || op === state.hovered) {
      round(left - 1.5, top - 1.5, wide + 3, BAR + 3, 4);
      pen.strokeStyle = op === state.selected ? colours.accent : colours.muted;
      pen.lineWidth = op === state.selected ? 2.5 : 1.5;
      pen.stroke();
    }
  }
  function drawSetup(left, right, top) {
    pen.fillStyle = "#9aa7b2";
    pen.fillRect(left, top + 6, right - left, BAR - 12);
  }
  function drawGhost(bar, rowTop) {
    if (!isShown(bar.op)) return;
    const left = x(bar.start), wide = Math.max(x(bar.end) - left, 2), top = rowTop + 5 + bar.lane * (BAR + 4);
    const isGone = bar.op.kind === "removed";
    pen.setLineDash([4, 3]);
    round(left, top + (isGone ? 0 : 3), wide, BAR - (isGone ? 0 : 6), 3);
    pen.fillStyle = isGone ? "rgba(185,50,42,.14)" : "rgba(111,127,140,.12)";
    pen.fill();
    pen.strokeStyle = isGone ? "#b9322a" : colours.ghost;
    pen.lineWidth = 1;
    pen.stroke();
    pen.setLineDash([]);
    if (bar.op === state.selected) { pen.strokeStyle = colours.accent; pen.lineWidth = 2; pen.stroke(); }
  }
  function drawLine(at, colour, dash) {
    if (at === null) return;
    const px = Math.round(x(at)) + 0.5;
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(px, HEAD);
    pen.lineTo(px, height);
    pen.stroke();
    pen.setLineDash([]);
  }
  const FONT = '"Segoe UI", Inter, Roboto, "Noto Sans", "Liberation Sans", "Helvetica Neue", Arial, sans-serif';
  function drawAxis(first, last) {
    pen.fillStyle = colours.alt;
    pen.fillRect(0, 0, width, HEAD);
    pen.save();
    pen.beginPath();
    pen.rect(side, 0, width - side, HEAD);
    pen.clip();
    pen.textBaseline = "middle";
    const step = steps();
    pen.fillStyle = colours.muted;
    pen.font = `12px ${FONT}`;
    for (const at of ticks(first, last)) {
      const when = local(at + 1);
      const text = step >= DAY ? (step >= DAY * 7 ? `${when.getUTCDate()} ${MONTHS[when.getUTCMonth()]}` : `${DAYS[when.getUTCDay()]} ${when.getUTCDate()}`) : clock(at);
      pen.fillText(text, x(at) + 5, 34);
      pen.fillRect(Math.round(x(at)), 26, 1, HEAD - 26);
    }
    drawUpper(first, last, step);
    pen.restore();
    pen.strokeStyle = colours.strong;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, HEAD - 0.5);
    pen.lineTo(width, HEAD - 0.5);
    pen.stroke();
  }
  function drawUpper(first, last, step) {
    pen.fillStyle = colours.ink;
    pen.font = `600 12px ${FONT}`;
    const edges = [];
    if (step >= DAY) {
      const when = local(first);
      for (let month = 0; edges.length < 400; month++) {
        const midnight = Date.UTC(when.getUTCFullYear(), when.getUTCMonth() + month, 1) - data.origin;
        const at = midnight - offsetAt(midnight);
        if (at > last) break;
        edges.push(at);
      }
    } else for (let day = localMidnight(first); day < last; day = localMidnight(day + DAY * 1.5)) edges.push(day);
    edges.forEach((at, index) => {
      const when = local(at + 1), next = index + 1 < edges.length ? x(edges[index + 1]) : Infinity;
      const text = step >= DAY ? `${MONTHS[when.getUTCMonth()]} ${when.getUTCFullYear()}` : `${date(at + 1)} ${when.getUTCFullYear()}`;
      const left = Math.max(x(at), side) + 6;
      if (left + pen.measureText(text).width < next) pen.fillText(text, left, 13);
      if (x(at) > side) pen.fillRect(Math.round(x(at)), 4, 1, HEAD - 8);
    });
  }
  function drawSide(visible) {
    pen.fillStyle = colours.alt;
    pen.fillRect(0, HEAD, side, height - HEAD);
    pen.save();
    pen.beginPath();
    pen.rect(0, HEAD, side - 6, height - HEAD);
    pen.clip();
    pen.textBaseline = "middle";
    for (const row of visible) {
      const y = HEAD + row.top - state.top, middle = y + Math.min(row.height, ROW) / 2;
      const isTwo = row.resource.group && side > 120;
      pen.fillStyle = colours.ink;
      pen.font = `600 13px ${FONT}`;
      pen.fillText(row.resource.name, 14, isTwo ? middle - 6 : middle);
      if (isTwo) { pen.fillStyle = colours.muted; pen.font = `11px ${FONT}`; pen.fillText(row.resource.group, 14, middle + 9); }
      pen.fillStyle = colours.line;
      pen.fillRect(0, y + row.height, side, 1);
    }
    pen.restore();
    pen.fillStyle = colours.strong;
    pen.fillRect(side - 1, 0, 1, height);
    pen.fillStyle = colours.muted;
    pen.font = `12px ${FONT}`;
    pen.fillText(data.zone, 14, 34);
  }
  function drawScrollers() {
    const room = height - HEAD, bar = byId("scroll-y"), share = room / Math.max(state.height, 1);
    bar.style.display = share < 1 ? "block" : "none";
    bar.style.top = `${HEAD + room * state.top / Math.max(state.height, 1)}px`;
    bar.style.height = `${Math.max(24, room * share)}px`;
    const wide = width - side, span = data.to - data.from, across = byId("scroll-x");
    const part = wide / state.scale / span;
    across.style.display = part < 1 ? "block" : "none";
    across.style.left = `${side + Math.max(0, (state.from - data.from) / span) * wide}px`;
    across.style.width = `${Math.max(24, wide * part)}px`;
  }

  // Moving about
  function resize() {
    const box = byId("stage").getBoundingClientRect();
    if (!box.width) return;
    const isFirst = !width;
    pixels = window.devicePixelRatio || 1;
    width = box.width;
    height = box.height;
    side = Math.min(SIDE_MOST, width * 0.32);
    canvas.width = Math.round(width * pixels);
    canvas.height = Math.round(height * pixels);
    if (isFirst) fit();
    draw();
  }
  function fit() {
    const margin = (data.to - data.from) * 0.015;
    state.scale = (width - side) / (data.to - data.from + 2 * margin);
    state.from = data.from - margin;
    state.top = 0;
    ask();
  }
  function zoom(factor, px = side + (width - side) / 2) {
    const at = timeAt(px);
    state.scale *= factor;
    clamp();
    state.from = at - (px - side) / state.scale;
    ask();
  }
  function barAt(px, py) {
    if (px < side || py < HEAD) return null;
    const y = py - HEAD + state.top, at = timeAt(px), slack = 3 / state.scale;
    const row = state.rows.find((item) => y >= item.top && y < item.top + item.height);
    if (!row) return null;
    const hits = (bar) => isShown(bar.op) && at >= bar.start - slack && at < bar.end + slack && inLane(bar, y - row.top);
    return row.bars.find(hits) ?? (state.ghosts ? row.ghosts.find(hits) : undefined) ?? null;
  }
  function inLane(bar, y) { const top = 5 + bar.lane * (BAR + 4); return y >= top - 1 && y <= top + BAR + 1; }
  function positionOf(id) {
    for (const row of state.rows) {
      const bar = row.bars.find((item) => item.op.id === id);
      if (bar) return { x: (x(bar.start) + x(bar.end)) / 2, y: HEAD + row.top - state.top + 5 + bar.lane * (BAR + 4) + BAR / 2 };
    }
    return null;
  }
  function goTo(op) {
    showView("board");
    const start = op.start ?? op.was?.[1];
    if (start === undefined || start === null) return select(op);
    const end = op.end ?? op.was[2];
    const wanted = (width - side) / Math.min(Math.max((end - start) * 25, 4 * HOUR), (data.to - data.from) * 0.6);
    if (state.scale < wanted / 3 || state.scale > wanted * 3) state.scale = wanted;
    state.from = (start + end) / 2 - (width - side) * 0.4 / state.scale;
    const row = state.rows.find((item) => item.index === (op.start === null ? op.was[0] : op.resource ?? -1));
    if (row) state.top = row.top - (height - HEAD) / 2;
    select(op);
  }
  function facts(op) {
    const order = orders[op.order];
    const rows = [["Resource", op.resource === null ? "none" : data.resources[op.resource].name], ["Start", moment(op.start) || "not scheduled"], ["End", moment(op.end)]];
    if (op.setup !== null && op.setup < op.start) rows.push(["Setup from", moment(op.setup)]);
    if (order) rows.push(["Order", order.name || order.id], ["Customer", order.customer], ["Due", moment(order.due)]);
    if (op.family) rows.push(["Family", op.family]);
    if (op.late > 0) rows.push(["Late by", length(op.late)]);
    rows.push(["Status", op.status + (op.locked ? ", locked" : "")]);
    if (hasBase && op.kind && op.kind !== "same") {
      rows.push(["Change", KINDS[op.kind][2]]);
      if (op.was) {
        rows.push(["Was on", op.was[0] === null ? "none" : data.resources[op.was[0]].name], ["Was from", moment(op.was[1])], ["Was until", moment(op.was[2])]);
        if (op.start !== null && op.start !== op.was[1]) rows.push(["Moved by", length(op.start - op.was[1])]);
      }
    }
    return rows.filter(([, value]) => value);
  }
  function factList(op) { return element("dl", {}, ...facts(op).flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, value)])); }
  function select(op) {
    state.selected = op;
    const panel = byId("details");
    panel.hidden = !op;
    if (op) panel.replaceChildren(
      element("button", { class: "close", "aria-label": "Close", onclick: () => select(null) }, "✕"), element("h2", {}, op.name || op.id), factList(op), element("dl", {}, element("dt", {}, "Id"), element("dd", {}, op.id)));
    ask();
  }
  function showTip(bar, px, py) {
    const tip = byId("tip");
    if (!bar) { tip.style.visibility = "hidden"; return; }
    tip.replaceChildren(element("b", {}, bar.op.name || bar.op.id), factList(bar.op));
    tip.style.visibility = "visible";
    tip.style.left = `${Math.min(px + 14, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${py + 18 + tip.offsetHeight > innerHeight ? py - tip.offsetHeight - 10 : py + 18}px`;
  }
  function listen() {
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, y: event.clientY, from: state.from, top: state.top, moved: false }; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (drag) {
        const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
        drag.moved ||= Math.abs(dx) + Math.abs(dy) > 4;
        if (drag.moved) { state.from = drag.from - dx / state.scale; state.top = drag.top - dy; canvas.classList.add("dragging"); showTip(null); ask(); }
        return;
      }
      const bar = barAt(event.offsetX, event.offsetY);
      canvas.classList.toggle("over", !!bar);
      if ((bar?.op ?? null) !== state.hovered) { state.hovered = bar?.op ?? null; ask(); }
      showTip(bar, event.clientX, event.clientY);
    });
    canvas.addEventListener("pointerup", (event) => {
      if (drag && !drag.moved) select(barAt(event.offsetX, event.offsetY)?.op ?? null);
      drag = null;
      canvas.classList.remove("dragging");
    });
    canvas.addEventListener("pointercancel", () => { drag = null; });
    canvas.addEventListener("pointerleave", () => { state.hovered = null; showTip(null); ask(); });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const size = event.deltaMode === 1 ? 30 : 1;
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY * size * 0.0022), event.offsetX);
      else { state.from += (event.deltaX + (event.shiftKey ? event.deltaY : 0)) * size / state.scale; state.top += event.shiftKey ? 0 : event.deltaY * size; ask(); }
      showTip(null);
    }, { passive: false });
    canvas.addEventListener("dblclick", (event) => zoom(2.2, event.offsetX));
    canvas.addEventListener("keydown", (event) => {
      const step = 80 / state.scale;
      const acts = {
        ArrowLeft: () => { state.from -= step; }, ArrowRight: () => { state.from += step; }, ArrowUp: () => { state.top -= ROW; }, ArrowDown: () => { state.top += ROW; },
        "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: fit, Escape: () => select(null),
      };
      if (acts[event.key]) { acts[event.key](); event.preventDefault(); ask(); }
    });
    byId("zoom-in").addEventListener("click", () => zoom(1.5));
    byId("zoom-out").addEventListener("click", () => zoom(1 / 1.5));
    byId("fit").addEventListener("click", fit);
    byId("print").addEventListener("click", () => print());
    byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
    byId("search").addEventListener("input", (event) => { state.search = event.target.value.trim().toLowerCase(); refilter(); });
    byId("search").addEventListener("keydown", (event) => { if (event.key === "Enter") { const hit = operations.find((op) => matches(op) && (op.start !== null || op.was)); if (hit && state.search) goTo(hit); } });
    for (const key of ["resource", "order"]) byId(key).addEventListener("change", (event) => { state[key] = event.target.value; refilter(); });
    byId("colour").addEventListener("change", (event) => { state.colour = event.target.value; legend(); ask(); });
    for (const tab of document.querySelectorAll("nav button")) tab.addEventListener("click", () => showView(tab.dataset.view));
    new ResizeObserver(resize).observe(byId("stage"));
    addEventListener("beforeprint", beforePrint);
    addEventListener("afterprint", afterPrint);
  }
  function refilter() {
    buildRows();
    const isFiltered = state.search || state.order || state.resource !== "";
    const count = operations.filter((op) => matches(op) && (state.resource === "" || String(op.resource) === state.resource)).length;
    byId("found").textContent = isFiltered ? `${count.toLocaleString("en")} found` : "";
    if (state.view !== "board") fillView(state.view);
    ask();
  }
  let kept = null;
  function beforePrint() {
    kept = { theme: document.documentElement.dataset.theme, from: state.from, scale: state.scale, top: state.top };
    setTheme("light");
    for (const view of ["orders", "changes"]) fillView(view);
    byId("stage").style.height = `${Math.min(state.height + HEAD + 4, 3000)}px`;
    byId("stage").style.width = "1040px";
    resize();
    fit();
    draw();
  }
  function afterPrint() {
    byId("stage").style.height = byId("stage").style.width = "";
    setTheme(kept.theme);
    resize();
    Object.assign(state, { from: kept.from, scale: kept.scale, top: kept.top });
    ask();
  }

  // Lists
  function showView(view) {
    state.view = view;
    for (const name of ["board", "orders", "operations", "changes"]) {
      byId(name).hidden = name !== view;
      byId(`tab-${name}`).setAttribute("aria-selected", String(name === view));
    }
    if (view === "board") resize(); else fillView(view);
  }
  const sorting = {};
  function fillView(view, most = 300) {
    const [columns, rows] = { orders: orderRows, operations: operationRows, changes: changeRows }[view]();
    const place = byId(view);
    if (!rows.length) { place.replaceChildren(element("p", { class: "empty" }, view === "changes" ? "Nothing differs." : "Nothing to show.")); return; }
    const by = sorting[view];
    if (by) rows.sort((a, b) => { const [one, other] = [a.cells[by.column].sort, b.cells[by.column].sort]; return (one < other ? -1 : one > other ? 1 : 0) * by.sign; });
    const head = element("tr", {}, ...columns.map(([title, kind], column) => element("th", { class: kind ?? "", onclick: () => { sorting[view] = { column, sign: by?.column === column ? -by.sign : 1 }; fillView(view, most); } },
      title + (by?.column === column ? (by.sign > 0 ? " ▲" : " ▼") : ""))));
    const body = rows.slice(0, most).map((row) => element("tr", { "data-id": row.id, onclick: row.click },
      ...row.cells.map((cell, index) => element("td", { class: `${columns[index][1] ?? ""} ${cell.class ?? ""}`.trim() }, cell.node ?? cell.text))));
    const more = rows.length > most ? element("button", { class: "more", onclick: () => fillView(view, most * 4) }, `Show more (${(rows.length - most).toLocaleString("en")} left)`) : null;
    place.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)), ...(more ? [more] : []));
  }
  function cell(text, sort = text, extra = {}) { return { text: text ?? "", sort: sort ?? "", ...extra }; }
  function lateness(ms) { return ms === null ? cell("", -Infinity) : cell(ms > 0 ? `${length(ms)} late` : "on time", ms, { class: ms > 0 ? "late" : "ontime" }); }
  function orderRows() {
    const columns = [["Order"], ["Product"], ["Customer"], ["Quantity", "number"], ["Due"], ["End"], ["Lateness", "number"], ...(hasBase ? [["End moved by", "number"]] : [])];
    const rows = orders.map((order, index) => ({ order, index }))
      .filter(({ order, index }) => (!state.order || String(index) === state.order) && (!state.search || `${order.name} ${order.id} ${order.customer} ${order.product}`.toLowerCase().includes(state.search)))
      .map(({ order, index }) => ({
        id: order.id, click: () => { byId("order").value = state.order = String(index); showView("board"); refilter(); },
        cells: [cell(order.name || order.id), cell(order.product), cell(order.customer), cell(order.quantity === null ? "" : order.quantity.toLocaleString("en"), order.quantity), cell(moment(order.due), order.due ?? Infinity),
          cell(moment(order.end), order.end ?? Infinity), lateness(order.late), ...(hasBase ? [moved(order.end, order.endBefore)] : [])],
      }));
    return [columns, rows];
  }
  function moved(now, before) {
    if (now === null || before === null || now === before) return cell("", 0);
    return cell(now > before ? `${length(now - before)} later` : `${length(before - now)} earlier`, now - before, { class: now > before ? "worse" : "better" });
  }
  function operationRows() {
    const columns = [["Operation"], ["Order"], ["Resource"], ["Start"], ["End"], ["Status"]];
    const rows = operations.filter((op) => !op.gone && matches(op) && (state.resource === "" || String(op.resource) === state.resource)).map((op) => ({
      id: op.id, click: () => goTo(op),
      cells: [cell(op.name || op.id), cell(orders[op.order]?.name ?? ""), cell(op.resource === null ? "" : data.resources[op.resource].name), cell(moment(op.start) || "not scheduled", op.start ?? Infinity), cell(moment(op.end), op.end ?? Infinity), cell(op.status)],
    }));
    return [columns, rows];
  }
  function changeRows() {
    const columns = [["What"], ["Change"], ["Before"], ["After"], ["By", "number"]];
    const rows = operations.filter((op) => op.kind && op.kind !== "same" && op.kind !== "changed" && matches(op)).map((op) => {
      const by = op.start !== null && op.was ? op.start - op.was[1] : 0;
      const text = (resource, start) => (start === null || start === undefined ? "" : `${moment(start)}${resource === null ? "" : `, ${data.resources[resource].name}`}`);
      return { id: op.id, click: () => goTo(op), cells: [cell(op.name || op.id), pill(op.kind), cell(text(op.was?.[0] ?? null, op.was?.[1]), op.was?.[1] ?? 0), cell(op.kind === "removed" ? "" : text(op.resource, op.start), op.start ?? 0), cell(by ? length(by) : "", by)] };
    });
    const fields = data.changes.filter((change) => !state.search || change.join(" ").toLowerCase().includes(state.search)).map(([what, id, name, kind, field, before, after]) => ({
      id, click: () => { const op = what === "operation" ? byOperationId.get(id) : null; if (op) goTo(op); },
      cells: [cell(`${what} ${name || id}${field ? `: ${field}` : ""}`), pill(kind), cell(before), cell(after), cell("", 0)],
    }));
    return [columns, rows.concat(fields)];
  }
  function pill(kind) {
    const made = element("span", { class: "pill" }, KINDS[kind]?.[2] ?? kind);
    const tones = KINDS[kind] ?? PLAIN;
    Object.assign(made.style, { background: tones[0], borderColor: tones[1], color: "#1d2a35" });
    return { text: kind, sort: kind, node: made };
  }

  // Furniture
  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
    readColours();
    ask();
  }
  function swatch(fill, edge, isDashed = false) {
    const made = element("span", { class: isDashed ? "swatch dashed" : "swatch" });
    Object.assign(made.style, { background: fill, borderColor: edge });
    return made;
  }
  function legend() {
    const place = byId("legend"), items = [];
    if (hasBase) {
      for (const [kind, [fill, edge, text]] of Object.entries(KINDS)) {
        const count = operations.filter((op) => (op.kind ?? "same") === kind).length;
        const box = element("input", { type: "checkbox", "data-kind": kind, onchange: (event) => { state.kinds[event.target.checked ? "add" : "delete"](kind); ask(); } });
        box.checked = state.kinds.has(kind);
        if (count) items.push(element("label", {}, box, swatch(fill, edge), `${text} (${count.toLocaleString("en")})`));
      }
      items.push(element("span", {}, swatch("transparent", "#8b98a3", true), `where it was in ${data.baseTitle}`));
    }
    const named = { lateness: LATENESS, status: STATUS }[state.colour];
    if (named) for (const [name, [fill, edge]] of Object.entries(named)) items.push(element("span", {}, swatch(fill, edge), name));
    const groups = { order: orders.map((order) => order.name || order.id), family: data.families }[state.colour];
    groups?.slice(0, 12).forEach((name, index) => items.push(element("span", {}, swatch(...CATEGORIES[index % 12]), name)));
    if (groups?.length > 12) items.push(element("span", {}, `and ${groups.length - 12} more`));
    if (operations.some((op) => op.setup !== null)) items.push(element("span", {}, swatch("#9aa7b2", "#6f7f8c"), "setup"));
    items.push(element("span", {}, swatch("#b9322a", "#b9322a"), "line below a bar: late"));
    place.replaceChildren(...items);
  }
  function choose(id, first, entries) { byId(id).replaceChildren(...(first ? [element("option", { value: "" }, first)] : []), ...entries.map(([value, text]) => element("option", { value }, text))); }
  function furnish() {
    byId("subtitle").textContent = data.subtitle;
    byId("kpis").replaceChildren(...data.kpis.map(([label, value, change, verdict]) => element("div", { class: "kpi", role: "listitem" }, element("b", {}, value, change ? element("i", { class: verdict }, change) : null), element("span", {}, label))));
    choose("resource", "All resources", data.resources.map((item, index) => [index, item.name]));
    choose("order", "All orders", orders.map((item, index) => [index, item.name || item.id]));
    choose("colour", null, [...(hasBase ? [["change", "Colour by change"]] : []), ["order", "Colour by order"], ["lateness", "Colour by lateness"], ...(data.families.length ? [["family", "Colour by family"]] : []), ["status", "Colour by status"]]);
    byId("tab-changes").hidden = !hasBase;
    legend();
  }

  furnish();
  buildRows();
  listen();
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  resize();
  window.taktwerk = { data, state, operations, positionOf, zoom, fit, goTo: (id) => goTo(byOperationId.get(id)), draw: () => { draw(); return drawn; } };
})();
