// Refreshes what stands in `data-live` elements when an event of the tenant happens, by the feed that customers use.
// Without this script every page is complete; it only grows old.
"use strict";

const status = document.getElementById("live");
const regions = () => document.querySelectorAll("[data-live]");
const RETRY_MILLISECONDS = 3000;
const SOON_MILLISECONDS = 300;
const LATER_MILLISECONDS = 2500; // by then most of what an event caused has been delivered
const RETRIES_MILLISECONDS = 10000;
let lastEventId = "";
let timers = [];

function say(state, words) {
  if (status.textContent !== words) status.textContent = words;
  status.dataset.state = state;
}

async function refresh() {
  const answer = await fetch(location.href, { headers: { "X-Refresh": "1" }, redirect: "manual" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const region of regions()) {
    const replacement = fresh.querySelector(`[data-live="${region.dataset.live}"]`);
    if (replacement && replacement.innerHTML !== region.innerHTML) exchange(region, replacement);
  }
}

// Whoever stands on a button or link with the keyboard must stand there afterwards.
function exchange(region, replacement) {
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  region.replaceChildren(...replacement.childNodes);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function refreshSoon() {
  timers.forEach(clearTimeout);
  timers = [SOON_MILLISECONDS, LATER_MILLISECONDS].map((delay) => setTimeout(() => refresh().catch(() => {}), delay));
}

async function follow() {
  const headers = { "X-CSRF-Token": document.body.dataset.csrf };
  const answer = await fetch("/console/stream-ticket", { method: "POST", headers, redirect: "manual" });
  if (answer.type === "opaqueredirect" || answer.status === 403) return say("", "Signed out");
  if (!answer.ok) return again();
  const query = new URLSearchParams({ ticket: (await answer.json()).ticket });
  if (lastEventId) query.set("last_event_id", lastEventId);
  const source = new EventSource(`/v1/events/stream?${query}`);
  source.onopen = () => {
    say("live", "Live");
    // Something may have happened between the page and the stream.
    refreshSoon();
  };
  // A ticket opens one stream: for the next one there must be another, so the browser's own retry is of no use.
  source.onerror = () => {
    source.close();
    again();
  };
  for (const type of document.body.dataset.events.split(" ")) source.addEventListener(type, heard);
}

function again() {
  say("", "Reconnecting …");
  setTimeout(start, RETRY_MILLISECONDS * (0.5 + Math.random()));
}

function heard(event) {
  lastEventId = event.lastEventId;
  refreshSoon();
}

function start() {
  follow().catch(again);
}

// Retries are no events: what waits for one is looked at now and then.
function lookAtRetries() {
  if (!document.hidden && document.querySelector("[data-live] :is(.pending, .failing)")) refresh().catch(() => {});
}

if (regions().length) {
  start();
  setInterval(lookAtRetries, RETRIES_MILLISECONDS);
}
