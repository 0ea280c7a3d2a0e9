// @ts-check
/** Numbers, durations and instants as a planner reads them: plain English, 24-hour clock, the plant's time zone. */

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/**
 * At most two neighbouring units: `9 d 4 h`, `3 h 20 min`, `45 min`, `30 s`.
 * @param {number} ms
 * @returns {string}
 */
export function duration(ms) {
  const sign = ms < 0 ? "\u2212" : "";
  const value = Math.abs(ms);
  for (const [big, bigName, small, smallName, fine] of /** @type {[number, string, number, string, number][]} */ ([
    [DAY, "d", HOUR, "h", MINUTE],
    [HOUR, "h", MINUTE, "min", MINUTE],
    [MINUTE, "min", 1000, "s", 1000],
  ])) {
    if (Math.round(value / fine) * fine < big) continue;
    const rounded = Math.round(value / small) * small;
    const whole = Math.floor(rounded / big);
    const rest = Math.round((rounded - whole * big) / small);
    return sign + (rest ? `${whole} ${bigName} ${rest} ${smallName}` : `${whole} ${bigName}`);
  }
  return value ? `${sign}${Math.round(value / 1000)} s` : "0 min";
}

/**
 * `Mon 23 Nov 14:30`, seconds only when there are any.
 * @param {number} ms
 * @param {import("./clock.js").PlantClock} clock
 * @returns {string}
 */
export function instant(ms, clock) {
  const wall = clock.wall(ms);
  return `${DAYS[wall.getUTCDay()]} ${wall.getUTCDate()} ${MONTHS[wall.getUTCMonth()]} ${time(wall)}`;
}

/**
 * `Mon 23 Nov 14:30 – 16:00`: the day of the end only if it is another.
 * @param {number} start
 * @param {number} end
 * @param {import("./clock.js").PlantClock} clock
 * @returns {string}
 */
export function span(start, end, clock) {
  const first = clock.wall(start);
  const last = clock.wall(end);
  const sameDay = first.toISOString().slice(0, 10) === last.toISOString().slice(0, 10);
  return `${instant(start, clock)} \u2013 ${sameDay ? time(last) : instant(end, clock)}`;
}

/**
 * `1 operation`, `12 operations`, thousands with a comma.
 * @param {number} amount
 * @param {string} singular
 * @returns {string}
 */
export function count(amount, singular) {
  return `${number(amount)} ${singular}${amount === 1 ? "" : "s"}`;
}

/**
 * @param {number} value
 * @returns {string}
 */
export function number(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 }).replace("-", "\u2212");
}

/** @param {Date} wall */
function time(wall) {
  const seconds = wall.getUTCSeconds();
  return `${two(wall.getUTCHours())}:${two(wall.getUTCMinutes())}${seconds ? `:${two(seconds)}` : ""}`;
}

/**
 * ISO week number and day names for the axis headers; the date's browser-local fields are read.
 * @param {Date} date
 * @returns {number}
 */
export function isoWeek(date) {
  const day = new Date(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()));
  day.setUTCDate(day.getUTCDate() + 4 - (day.getUTCDay() || 7));
  return Math.ceil(((day.getTime() - Date.UTC(day.getUTCFullYear(), 0, 1)) / DAY + 1) / 7);
}

/**
 * @param {Date} date
 * @param {"weekday"|"month"|"longMonth"} field
 * @returns {string}
 */
export function nameOf(date, field) {
  if (field === "weekday") return DAYS[date.getDay()];
  if (field === "month") return MONTHS[date.getMonth()];
  return date.toLocaleString("en-GB", { month: "long" });
}
