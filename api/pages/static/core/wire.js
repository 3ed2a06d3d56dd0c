// Shapes that every document of the log shares: the twin of ledger/log/wire.py and ids.py.

const UUID7 = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
const ORIGIN_BYTES_MAX = 255;

/** Whether a value is text that a pattern describes from end to end. */
export const like = (pattern, lengthMax = Infinity) => {
  const whole = new RegExp(`^(?:${pattern})$`, "u");
  return (value) => typeof value === "string" && value.length <= lengthMax && whole.test(value);
};

export const isHash = like("[0-9a-f]{64}");
export const isUuid7 = like(UUID7);
export const isStream = like(`[a-z]{1,11}:${UUID7}`);
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isCount = (from) => (value) => Number.isSafeInteger(value) && value >= from;
export const isKeyName = like("[^+\\p{White_Space}]+");
const isPrintable = like("[^+\\p{C}\\p{Z}]+");
const hasTimeForm = like("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");

/** A ledger's origin: printable, without spaces and +. */
export const isOrigin = (value) => isPrintable(value) && new TextEncoder().encode(value).length <= ORIGIN_BYTES_MAX;

/** RFC 3339 UTC with three decimals and Z, at a moment that exists. */
export function isTime(value) {
  if (!hasTimeForm(value) || value.startsWith("0000")) return false;
  const moment = new Date(value);
  return !Number.isNaN(moment.getTime()) && moment.toISOString() === value;
}

/** Throws unless `value` has these members, each as its test wants it, and no others; a test of what may be absent is
 * asked about undefined too. */
export function demandForm(what, value, tests) {
  if (!isObject(value)) throw new Error(`${what} is no object`);
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(tests, name)) throw new Error(`${what} has the unknown member ${name}`);
  }
  for (const [name, holds] of Object.entries(tests)) {
    if (!holds(value[name])) throw new Error(`member ${name} of ${what} is not well-formed`);
  }
  return value;
}

/** A test that absence passes too. */
export const optional = (holds) => (value) => value === undefined || holds(value);

/** Texts in order, each once. */
export const isSorted = (texts) => texts.every((each, n) => n === 0 || texts[n - 1] < each);
