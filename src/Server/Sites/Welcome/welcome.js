// Fetches the page again while somebody looks at it, and takes over what has changed: the server alone knows how to write a number.
"use strict";

const every = 2000;
const live = document.getElementById("live");

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const now of fresh.querySelectorAll("[data-live]")) {
      const shown = document.querySelector(`[data-live="${now.dataset.live}"]`);
      if (shown && shown.innerHTML !== now.innerHTML) {
        shown.innerHTML = now.innerHTML;
        shown.className = now.className;
      }
    }
    live.textContent = "live";
    live.className = "pill good";
  } catch {
    live.textContent = "no answer";
    live.className = "pill bad";
  }
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}

live.hidden = false;
setInterval(refresh, every);
document.addEventListener("visibilitychange", refresh);
