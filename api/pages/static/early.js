// A form sent before the page's modules stand waits for them: they may have a say in it, such as this device's own key.
// No module itself, so that it is there before the first form is; without the modules the form goes as any other.
let early;
const hold = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  early = event;
};
addEventListener("submit", hold, true);
addEventListener("DOMContentLoaded", () => {
  removeEventListener("submit", hold, true);
  early?.target.requestSubmit(early.submitter);
});
