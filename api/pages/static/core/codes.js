// What the shift needs, and digital codes (HJ 1276): blocks reserved for this device's key while there is network, given
// out one by one without it. A code holds its day, so blocks are reserved for today and for tomorrow.
import { keep, recall } from "./db.js";
import { mine } from "./device.js";
import { ask } from "./net.js";
import { drop, items, sayTogether, send } from "./queue.js";
import { t } from "./words.js";

const LOW = 5;
const TRIES = 3; // another device may have reserved the same block a moment earlier: then it has it
const OLD_MS = 3_600_000;
const RESERVED = "label-codes-reserved";

const free = (block, given) => block.serials.map((serial) => block.prefix + serial).filter((code) => !given.includes(code));

/** The next code for a waste at a moment, or undefined: none is left, or none was reserved for that day. */
export function nextCode({ digital_codes = [], utc_offset_ms = 0 }, { given = [] }, waste, at) {
  const day = new Date(Date.parse(at) + utc_offset_ms).toISOString().slice(0, 10);
  return digital_codes.filter((each) => each.code === waste && each.day === day).flatMap((each) => free(each, given))[0];
}

/** Ask for what the shift needs, and reserve codes where they run low. */
export async function prepare() {
  for (let tries = TRIES; tries > 0; tries--) {
    const [key, before] = [await mine(), await reservations()];
    await keep("data", await ask(key ? `/shift.json?key=${key.stream}` : "/shift.json"));
    for (const item of before.filter((each) => each.state === "recorded")) await drop(item);
    if (key?.state !== "active" || !(await reserve(before))) return;
    await send();
  }
}

/** The same in the course of a shift: once an hour, or when a block runs low. */
export async function keepUp() {
  const [key, data] = [await mine(), await recall("data")];
  if (Date.now() - Date.parse(data.made_at) > OLD_MS || low(data, key).length) await prepare();
}

const reservations = async () => (await items()).filter((item) => item.type === RESERVED);

const low = ({ digital_codes = [] }, { given = [] }) => digital_codes.filter((each) => each.next && free(each, given).length < LOW);

/** Reserve the next block where codes run low, unless that was said before; whether anything was said. */
async function reserve(before) {
  const data = await recall("data");
  const same = (body, { code, day, next }) => body.code === code && body.day === day && body.first === next.first;
  const tell = (key) =>
    low(data, key)
      .filter((each) => !before.some(({ said }) => same(said.body, each)))
      .map(({ code, day, next }) => ({
        type: RESERVED,
        body: { holder: data.party, code, day, device: key.stream, ...next },
        words: t(`预留数字识别码 ${code} ${day}：${next.first}–${next.last}`, `digital codes reserved: ${code} ${day}: ${next.first}–${next.last}`),
      }));
  return (await sayTogether(tell)).length > 0;
}
