// Runs on every page: the installed app's worker and the badge that says whether the network is there.
import { t } from "./core/words.js";

const line = document.getElementById("line");

function show() {
  if (!line) return;
  line.hidden = false;
  line.classList.toggle("on", navigator.onLine);
  line.textContent = navigator.onLine ? t("在线", "online") : t("离线", "offline");
}

addEventListener("online", show);
addEventListener("offline", show);
show();
