// Asking the server: JSON in and out, the session's proof on every change, and the server's clock beside ours.
import { keep, recall } from "./db.js";
import { lang } from "./words.js";

/** The server answered with a problem (RFC 9457). */
export class Problem extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `HTTP ${status}`);
    Object.assign(this, { status, problem });
  }
}

let csrf = null;

/** The answer's JSON; throws Problem for a refusal and TypeError when there is no network. */
export async function ask(path, { method = "GET", body } = {}) {
  if (method !== "GET" && csrf === null) csrf = (await ask("/v1/session")).csrf_token;
  const sent = Date.now();
  const response = await fetch(path, {
    method,
    headers: {
      Accept: "application/json",
      "Accept-Language": lang,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(method === "GET" ? {} : { "X-CSRF-Token": csrf }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  await measure(response, sent);
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    if (response.status === 401 || answer.code === "csrf-refused") csrf = null;
    throw new Problem(response.status, answer);
  }
  return answer;
}

export async function bytesOf(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

export const textOf = async (path) => new TextDecoder().decode(await bytesOf(path));

/** How far the server's clock is ahead of this device's, in milliseconds, to about a second. */
async function measure(response, sent) {
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(told)) return;
  const drift = told + 500 - (sent + Date.now()) / 2;
  await keep("drift", { ms: Math.abs(drift) < 1500 ? 0 : Math.round(drift), measured: Date.now() });
}

/** This moment by the server's clock, as far as it is known. */
export async function now() {
  const { ms = 0 } = (await recall("drift")) ?? {};
  return { at: new Date(Date.now() + ms).toISOString(), drift_ms: ms };
}
