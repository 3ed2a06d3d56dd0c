// Words in the page's own language.
export const lang = document.documentElement.lang.startsWith("en") ? "en" : "zh";

export const t = (zh, en) => (lang === "en" ? en : zh);

/** Why something was not done, in words for the reader. */
export class Told extends Error {}

/** What to tell the reader of an error: its own words, else that it failed, and the browser's reason as such. */
export const told = (error) =>
  error instanceof Told ? error.message : t(`未能完成，请重试。技术原因：${error.message}`, `Not done; try again. Technical reason: ${error.message}`);
