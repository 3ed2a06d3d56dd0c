// A long roll of blank labels is issued in parts, so that its progress is seen; without this module it is one request.
const form = document.getElementById("roll");
const bar = form?.querySelector("progress");
const PART = 200;

form?.addEventListener("submit", async (event) => {
  const count = Number(form.elements.namedItem("count").value);
  if (count <= PART) return;
  event.preventDefault();
  form.querySelector("button").disabled = true;
  Object.assign(bar, { hidden: false, max: count, value: 0 });
  let roll;
  for (let left = count; left > 0; left -= PART) {
    const part = new FormData(form);
    part.set("count", Math.min(PART, left));
    if (roll) part.delete("id"); // the form's own id says that the roll was begun
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(part) });
    if (!answer.redirected) return document.body.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
    roll ??= new URL(answer.url);
    bar.value = count - left + Math.min(PART, left);
  }
  roll.searchParams.set("count", count);
  location.assign(roll);
});
