// Asking the server: JSON in and out, the session's proof on every change, and the server's clock beside ours.
import { keep, recall } from "./db.js";
import { Told, lang, t } from "./words.js";

const PATIENCE_MS = 60_000; // a line that went dead in a tunnel says nothing for ever

/** The server answered with a problem (RFC 9457). */
export class Problem extends Told {
  constructor(status, problem) {
    super(problem.detail ?? t(`服务器暂时不能办理（HTTP ${status}），请稍后再试。`, `The server cannot do this now (HTTP ${status}): try again later.`));
    Object.assign(this, { status, problem });
  }
}

/** Nothing came back, or not all of it. */
class NoAnswer extends Told {
  constructor() {
    super(t("没有网络，或服务器没有应答，请稍后再试。", "There is no network, or the server does not answer: try again later."));
  }
}

const whole = (coming) =>
  coming.catch(() => {
    throw new NoAnswer();
  });

const fetched = (path, options) => whole(fetch(path, { ...options, signal: AbortSignal.timeout(PATIENCE_MS) }));

let csrf = null;

/** The answer's JSON; throws Problem for a refusal and NoAnswer when there is no network. A visitor's `link` stands for a session. */
export async function ask(path, options = {}) {
  try {
    return await asked(path, options);
  } catch (error) {
    if (error.problem?.code !== "csrf-refused") throw error;
    return asked(path, options); // somebody signed in anew since: with that session's proof
  }
}

async function asked(path, { method = "GET", body, link }) {
  const change = method !== "GET" && !link;
  if (change && csrf === null) csrf = (await ask("/v1/session")).csrf_token;
  const sent = Date.now();
  const response = await fetched(path, {
    method,
    headers: {
      Accept: "application/json",
      "Accept-Language": lang,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(change ? { "X-CSRF-Token": csrf } : {}),
      ...(link ? { Authorization: `Bearer ${link}` } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  });
  await measure(response, sent);
  if (response.status === 204) return null;
  if (response.ok) return whole(response.json());
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 || problem.code === "csrf-refused") csrf = null;
  throw new Problem(response.status, problem);
}

export async function bytesOf(path) {
  const response = await fetched(path);
  if (!response.ok) throw new Problem(response.status, {});
  return new Uint8Array(await whole(response.arrayBuffer()));
}

export const textOf = async (path) => new TextDecoder().decode(await bytesOf(path));

/** How far the server's clock is ahead of this device's, in milliseconds, to about a second. */
async function measure(response, sent) {
  const told = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(told)) return;
  const drift = told + 500 - (sent + Date.now()) / 2;
  measured = { ms: Math.abs(drift) < 1500 ? 0 : Math.round(drift), measured: Date.now() };
  await keep("drift", measured).catch(() => {}); // where nothing can be kept, this page knows it all the same
}

let measured;

/** This moment by the server's clock, as far as it is known. */
export async function now() {
  const { ms = 0 } = (await recall("drift").catch(() => measured)) ?? {};
  return { at: new Date(Date.now() + ms).toISOString(), drift_ms: ms };
}
