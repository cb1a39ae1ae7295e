// Shows what /api/v1/events tells every second. Whatever comes from clients is set as text, never as markup; the browser would refuse it besides (trusted types).
"use strict";

const kept = "actors443.token";
const remembered = 60;
const $ = id => document.getElementById(id);
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));

let token = null;
let listening = null;
let before = null;
const past = { connections: [], handshakes: [], requests: [], processor: [] };

// ---- Words and numbers

const whole = new Intl.NumberFormat("en");
const number = value => whole.format(Math.round(value));
const rate = value => value >= 100 || value === 0 ? number(value) : value.toFixed(1);
const percent = value => `${Math.round(value * 100)} %`;

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function duration(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  const first = parts.findIndex(([size]) => Math.abs(seconds) >= size);
  if (first < 0) return `${seconds.toFixed(1)} s`;
  const [size, unit] = parts[first];
  const next = parts[first + 1];
  const left = next ? Math.floor((seconds % size) / next[0]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${left ? ` ${left} ${next[1]}` : ""}`;
}

const moment = text => new Date(text).toISOString().replace("T", " ").slice(0, 19) + " Z";
const many = (count, one, more) => `${number(count)} ${count === 1 ? one : more}`;
const measured = (name, value) => value === undefined || value === null ? "never" : name === "cpu" || name === "memory" ? percent(value) : `${Math.round(value * 1000)} ms`;

// ---- The page

function text(target, value) {
  const element = typeof target === "string" ? $(target) : target;
  if (element.textContent !== value) element.textContent = value;
  return element;
}

function mark(target, value, look) {
  text(target, value).className = `pill ${look}`;
}

function fact(id, value, small) {
  const element = $(id);
  if (!element.firstChild) element.append(document.createTextNode(""), document.createElement("small"));
  if (element.firstChild.data !== value) element.firstChild.data = value;
  text(element.lastChild, small ?? "");
}

function make(name, look, ...content) {
  const element = document.createElement(name);
  if (look) element.className = look;
  element.append(...content);
  return element;
}

function button(words, label, act, look) {
  const element = make("button", look, words);
  element.type = "button";
  element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

// Keeps what is there for the same key, so that focus and selection stay where they are.
function each(parent, items, keyOf, create, update) {
  const old = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = old.get(key);
    if (child) old.delete(key);
    else {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

// A cell is text, or {text, small, look}, or an element for good.
function rows(id, items, keyOf, cells, none) {
  const body = $(id);
  const heads = [...body.parentElement.querySelectorAll("th")];
  each(body, items.length > 0 ? items : [null], item => item === null ? "(none)" : "=" + keyOf(item),
    item => item === null ? make("tr", "", Object.assign(make("td", "none", none), { colSpan: heads.length })) : make("tr", "", ...heads.map((head, column) => {
      const cell = make("td", head.className);
      cell.dataset.label = head.textContent;
      cell.dataset.column = column;
      return cell;
    })),
    (row, item) => {
      if (item === null) return;
      cells(item).forEach((content, column) => fill(row.children[column], content));
    });
}

function fill(cell, content) {
  if (content instanceof Element) {
    if (!cell.firstElementChild) cell.append(content);
    return;
  }
  const { text: value, small = "", look = "" } = typeof content === "object" ? content : { text: content };
  if (!cell.firstChild) cell.append(make("div", "", make("span"), make("small")));
  const [main, sub] = cell.firstElementChild.children;
  text(main, value);
  text(sub, small);
  main.className = look;
  cell.classList.toggle("empty", value === "" && small === "");
}

function lines(id, items, look) {
  each($(id), items, item => item, item => make("li", look, item), () => {});
}

function say(words) {
  text("said", words);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => text("said", ""), 5000);
}

function sure(question, words) {
  text("confirm-question", question);
  text("confirm-yes", words);
  const dialog = $("confirm");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise(done => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

// ---- The server

class Refused extends Error {}

async function ask(path, options = {}) {
  const answer = await fetch(`api/v1/${path}`, { ...options, headers: { Authorization: `Bearer ${token}` }, cache: "no-store" });
  if (answer.status === 401) throw new Refused("The server does not accept this token.");
  if (answer.ok) return answer;
  let problem = answer.statusText;
  if (answer.headers.get("Content-Type")?.startsWith("application/json")) problem = (await answer.json()).error;
  throw Object.assign(new Error(problem), { status: answer.status });
}

async function listen(signal) {
  let opened = false;
  while (!signal.aborted) {
    try {
      const answer = await ask("events", { signal });
      if (!opened) open(signal);
      opened = true;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        rest += value;
        for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
          const record = JSON.parse(rest.slice("data: ".length, end));
          rest = rest.slice(end + 2);
          show(record);
          mark("live", "live", "good");
        }
      }
      mark("live", "server gone", "bad");
    } catch (problem) {
      if (signal.aborted) return;
      if (problem instanceof Refused) return forget(problem.message);
      if (!(problem instanceof TypeError) && !problem.status) throw problem;
      const words = problem.status ? problem.message : "no answer";
      mark("live", words, "bad");
      if (!opened) text("login-problem", words);
    }
    await wait(2000);
  }
}

// ---- The parts of the page

function show(now) {
  const gap = before ? (Date.parse(now.at) - Date.parse(before.at)) / 1000 : 0;
  const fresh = before && gap > 0 && now.traffic.countedSeconds > before.traffic.countedSeconds ? { gap, before } : null;
  showStatus(now);
  showRates(now, fresh);
  if (now.admission) showAdmission(now.admission);
  if (now.actors) showTree($("tree"), [now.actors]);
  showTraffic(now.traffic, fresh);
  if (now.certificates) showCertificates(now.certificates, now.status, Date.parse(now.at));
  showSites(now.sites);
  if (now.tunnels) showTunnels(now.tunnels);
  showDns(now.status.dns);
  if (now.nodes) showNodes(now.nodes, Date.parse(now.at));
  before = now;
}

function showStatus({ status, problems }) {
  document.title = `${number(status.connections)} connections · Actors443`;
  text("version", status.version);
  mark("phase", status.phase, status.phase === "running" ? "good" : "warn");
  mark("mode", `admission ${status.mode}`, { normal: "good", shedding: "warn", paused: "bad" }[status.mode]);
  fact("handshakes-now", number(status.handshakes));
  fact("memory", bytes(status.memoryBytes));
  fact("uptime", duration(status.uptimeSeconds), `process ${status.processId}`);
  fact("engine", status.engine);
  lines("listeners", status.listeners.map(listener =>
    `${listener.name}: ${[...listener.endPoints, ...(listener.quicEndPoints ?? []).map(place => `${place} (UDP)`)].join(", ")}${listener.fallbackProblem ? `; ${listener.fallbackProblem}` : ""}`));
  text("problems", `Not ready: ${problems.map(problem => problem.detail).join("; ")}`).hidden = problems.length === 0;
}

const sum = counts => counts.reduce((all, count) => all + count, 0);
const allHandshakes = traffic => sum(traffic.handshakes.map(handshake => handshake.count));
const allRequests = traffic => sum(Object.values(traffic.requests));

function showRates(now, fresh) {
  draw("connections", now.status.connections);
  fact("connections-now", number(now.status.connections), now.admission ? `of ${number(now.admission.maximumConnections)}` : "");
  if (!fresh) return;
  const handshakes = (allHandshakes(now.traffic) - allHandshakes(fresh.before.traffic)) / fresh.gap;
  const requests = (allRequests(now.traffic) - allRequests(fresh.before.traffic)) / fresh.gap;
  const failed = ((now.traffic.requests["5xx"] ?? 0) - (fresh.before.traffic.requests["5xx"] ?? 0)) / fresh.gap;
  const cores = (now.status.processorSeconds - fresh.before.status.processorSeconds) / fresh.gap;
  fact("handshake-rate", rate(handshakes));
  fact("request-rate", rate(requests), failed > 0 ? `${rate(failed)} answered 5xx` : "");
  fact("processor", percent(cores), "of a core");
  draw("handshakes", handshakes);
  draw("requests", requests);
  draw("processor", cores);
}

function draw(name, value) {
  const values = past[name];
  values.push(value);
  if (values.length > remembered) values.shift();
  const most = Math.max(...values, 1e-9);
  const step = 120 / (remembered - 1);
  const start = 120 - (values.length - 1) * step;
  document.querySelector(`[data-spark="${name}"] path`).setAttribute("d", values.map((each, index) => `${index ? "L" : "M"}${(start + index * step).toFixed(1)} ${(26 - 24 * each / most).toFixed(1)}`).join(""));
}

function showAdmission(admission) {
  text("admission-mode", `${admission.mode[0].toUpperCase()}${admission.mode.slice(1)} since ${moment(admission.since)}. ${many(admission.trackedClients, "client is", "clients are")} counted, ${many(admission.bans, "ban", "bans")} so far.`);
  lines("admission-reasons", admission.reasons, "warn");
  rows("samples", admission.samples, sample => sample.name, ({ name, value, threshold }) => {
    const over = threshold.pause != null && value >= threshold.pause ? "bad" : threshold.shed != null && value >= threshold.shed ? "warn" : "";
    return [name, { text: measured(name, value) + (over ? " (over)" : ""), look: over }, measured(name, threshold.shed), measured(name, threshold.pause)];
  }, "nothing is measured yet");
}

const plural = (kind, count) => count === 1 ? `1 ${kind}` : `${number(count)} × ${kind}`;

function showTree(parent, actors) {
  each(parent, actors, actor => actor.name, () => make("li", "", make("span", "", make("b"), make("i"), make("em")), make("ul")), (item, actor) => {
    const [name, kind, count] = item.firstElementChild.children;
    text(name, actor.name);
    text(kind, actor.kind ?? "");
    text(count, actor.unnamed > 0 ? plural(actor.unnamedKind ?? "actor", actor.unnamed) : actor.actors.length === 0 && actor.kind?.startsWith("ConnectionSupervisor") ? "no connections" : "");
    item.lastElementChild.hidden = actor.actors.length === 0;
    showTree(item.lastElementChild, actor.actors);
  });
}

const spoken = reason => reason.replaceAll("_", " ");

function showTraffic(traffic, fresh) {
  text("counted", `counted for ${duration(traffic.countedSeconds)}, since somebody looks`);
  const key = handshake => `${handshake.outcome}/${handshake.version}/${handshake.resumed}`;
  const last = new Map((fresh?.before.traffic.handshakes ?? []).map(handshake => [key(handshake), handshake.count]));
  rows("handshake-rows", traffic.handshakes, key, handshake => [
    { text: spoken(handshake.outcome), look: handshake.outcome === "completed" ? "good" : "bad" },
    handshake.version ?? "",
    handshake.resumed === true ? "resumed" : handshake.resumed === false ? "new" : "",
    number(handshake.count),
    fresh ? rate((handshake.count - (last.get(key(handshake)) ?? 0)) / fresh.gap) : "",
  ], "none since");
  const counts = (id, all) => rows(id, Object.entries(all), ([name]) => name, ([name, count]) => [spoken(name), number(count)], "none since");
  counts("request-rows", traffic.requests);
  counts("ended-rows", traffic.ended);
  counts("refused-rows", traffic.refused);
}

function showCertificates({ total, first, problems, canary }, status, now) {
  text("certificates-summary", `${many(total, "certificate", "certificates")}${total > first.length ? `, the ${first.length} that expire first` : ""}; generation ${status.certificateGeneration}`);
  lines("certificate-problems", problems, "bad");
  $("canary").hidden = !canary;
  if (canary) text("canary", `Canary of ${canary.names.join(", ")}: ${canary.state}, ${percent(canary.share)} of the clients; ${canary.failures} of ${canary.handshakes} handshakes failed (${canary.stableFailures} of ${canary.stableHandshakes} with what was before).`);
  rows("certificate-rows", first, certificate => certificate.fingerprint, certificate => {
    const days = Math.floor((Date.parse(certificate.notAfter) - now) / 86400000);
    const look = days < 0 ? "bad" : days < 14 ? "warn" : "good";
    return [
      { text: certificate.names.slice(0, 4).join(", "), small: certificate.names.length > 4 ? `and ${certificate.names.length - 4} more` : "" },
      { text: days < 0 ? "expired" : `in ${many(days, "day", "days")}${days < 14 ? ", soon" : ""}`, small: moment(certificate.notAfter), look },
      certificate.issuer, certificate.key,
      { text: certificate.source, small: certificate.nextRenewal ? `to be renewed ${moment(certificate.nextRenewal)}` : "" },
    ];
  }, "none");
}

const health = state => ({ text: state, look: { healthy: "good", "in use": "good", up: "good", unhealthy: "bad", paused: "bad", down: "bad" }[state] ?? "" });

function showSites({ total, sites, routes }) {
  text("sites-summary", `${many(total, "site", "sites")}${total > sites.length ? `, the first ${sites.length}` : ""}`);
  rows("site-rows", sites.flatMap(site => site.routes.flatMap(route => (route.upstreams ?? [null]).map(upstream => ({ site, route, upstream })))),
    ({ site, route, upstream }) => `${site.name} ${route.path} ${upstream?.address}`,
    ({ site, route, upstream }) => [site.name, route.path, upstream ? { text: upstream.address, small: route.kind } : { text: route.target ?? route.kind, small: route.target ? route.kind : "" }, upstream ? health(upstream.health) : "", upstream ? number(upstream.requests) : ""], "no sites");
  $("routes").hidden = routes.length === 0;
  rows("route-rows", routes.flatMap(route => route.upstreams.map(upstream => ({ route, upstream }))), ({ route, upstream }) => `${route.name} ${upstream.address}`,
    ({ route, upstream }) => [route.name, upstream.address, health(upstream.health), number(route.open), `${bytes(route.bytesUp)}, ${bytes(route.bytesDown)}`], "none");
}

function showTunnels({ total, oldest }) {
  text("tunnels-summary", total === 0 ? "" : `${number(total)} open${total > oldest.length ? `, the ${oldest.length} oldest` : ""}`);
  rows("tunnel-rows", oldest, tunnel => tunnel.id, tunnel => [
    tunnel.account, { text: tunnel.target, small: tunnel.address ?? "" }, { text: tunnel.client, small: tunnel.connection }, tunnel.method, duration(tunnel.ageSeconds), `${bytes(tunnel.bytesUp)}, ${bytes(tunnel.bytesDown)}`,
    button("End", `End the tunnel to ${tunnel.target}`, () => act(`tunnels/${encodeURIComponent(tunnel.id)}`, "DELETE", "The tunnel is ended.")),
  ], "no tunnel is open");
}

function showDns(dns) {
  text("dns-summary", dns ? `${number(dns.cacheEntries)} answers kept, ${bytes(dns.cacheBytes)}` : "no site answers DNS");
  rows("dns-rows", Object.entries(dns?.queries ?? {}).filter(([, count]) => count > 0), ([name]) => name, ([name, count]) => [spoken(name), number(count)], "none");
  rows("dns-upstreams", dns?.upstreams ?? [], upstream => upstream.name, upstream => [upstream.name, health(upstream.isUp ? "up" : "down"), number(upstream.queries), number(upstream.failed)], "none");
}

function showNodes(nodes, now) {
  text("cluster-summary", nodes.length === 0 ? "this server is in no cluster" : many(nodes.length, "node", "nodes"));
  rows("node-rows", nodes, node => node.name, ({ name, isThisOne, status, isReachable, node }) => [
    { text: name, small: isThisOne ? "this one" : "" },
    { text: isReachable ? status : "unreachable", look: isReachable && status === "up" ? "good" : "bad" },
    node?.phase ?? "no answer", node ? { text: node.ready ? "ready" : "not ready", look: node.ready ? "good" : "bad" } : "", node?.mode ?? "", node ? number(node.connections) : "", node ? number(node.handshakes) : "",
    node ? duration((now - Date.parse(node.startedAt)) / 1000) : "", node?.version ?? "",
  ], "none");
}

// ---- Connections: asked for as this page filters them

const wanted = { where: "", sort: "age", limit: "25" };

async function refreshConnections() {
  const query = new URLSearchParams({ sort: wanted.sort, limit: wanted.limit });
  if (wanted.where) query.set("where", wanted.where);
  const page = await (await ask(`connections?${query}`)).json();
  text("where-problem", page.silent.length > 0 ? `No answer from ${page.silent.join(", ")}: theirs are missing.` : "");
  text("matched", page.matched === page.total && page.matched === page.connections.length ? number(page.total) : `${number(page.connections.length)} of ${wanted.where ? `${number(page.matched)} that match, of ` : ""}${number(page.total)}`);
  rows("connection-rows", page.connections, connection => `${connection.node ?? ""}/${connection.id}`, connection => [
    { text: connection.remote, small: [connection.node, connection.id, connection.proxy && `by ${connection.proxy}`].filter(Boolean).join(" · ") },
    { text: connection.serverName ?? "no name", small: [connection.route && `route ${connection.route}`, connection.upstream, connection.ja4].filter(Boolean).join(" · ") },
    { text: connection.applicationProtocol ?? "", small: connection.tlsVersion ? `TLS ${connection.tlsVersion}${connection.resumed ? ", resumed" : ""}` : "" },
    connection.state,
    { text: connection.principal ?? "", small: connection.clientCertificate ?? "" },
    { text: duration(connection.ageSeconds), small: `idle ${duration(connection.idleSeconds)}` },
    { text: number(connection.requests), small: connection.requestsInFlight > 0 ? `${number(connection.requestsInFlight)} in flight` : "" },
    { text: bytes(connection.bytesRead), small: bytes(connection.bytesWritten) },
    button("Close", `Close the connection ${connection.id} of ${connection.remote}`, () => closeOne(connection), "danger"),
  ], wanted.where ? "no connection matches" : "nobody is connected");
}

// The connection may be another node's, which only the filter reaches.
const closeOne = ({ id, node }) => node
  ? act(`connections/close?${new URLSearchParams({ where: `id = "${id}" and node = "${node}"` })}`, "POST", `${id} is closed.`)
  : act(`connections/${encodeURIComponent(id)}`, "DELETE", `${id} is closed.`);

async function actOnAll(action) {
  const done = action === "close" ? "closed" : "drained";
  const whom = wanted.where ? `every connection where ${wanted.where}` : "every connection";
  const question = action === "close" ? `Close ${whom}, whatever is in flight?` : `Let ${whom} finish what is in flight and end?`;
  if (!await sure(question, action === "close" ? "Close them" : "Drain them")) return;
  await act(`connections/${action}?${new URLSearchParams({ where: wanted.where })}`, "POST", answer => `${many(answer.count, "connection is", "connections are")} ${done}.`);
}

async function act(path, method, words) {
  try {
    const answer = await ask(path, { method });
    say(typeof words === "string" ? words : words(await answer.json()));
    await refreshConnections();
  } catch (problem) {
    if (problem instanceof Refused) forget(problem.message);
    else say(problem.message);
  }
}

// ---- Why they ended

let whose = "";

async function refreshHistory() {
  const query = new URLSearchParams({ limit: "10" });
  if (whose) query.set("of", whose);
  const history = await (await ask(`history?${query}`)).json();
  text("of-problem", history.silent.length > 0 ? `No answer from ${history.silent.join(", ")}: theirs are missing.` : "");
  text("history-summary", `${whose || "everybody"}: ${many(history.matched, "end", "ends")} of the last ${duration(history.keptSeconds)}; client and HTTP ending in order are not remembered`);
  rows("reason-rows", history.reasons, reason => reason.reason, reason => [number(reason.count), spoken(reason.reason), reason.meaning], "nothing is remembered");
  stories("refused-clients", history.refused, refused => `${refused.node}${refused.client}`, refused => [
    `${refused.client} refused before TLS ${many(refused.count, "time", "times")}, last ${moment(refused.last)}: ${spoken(refused.reason)}`,
    [refused.meaning, refused.bannedForSeconds ? `Still banned for ${duration(refused.bannedForSeconds)}.` : "", refused.advice].filter(Boolean).join(" "), "",
  ]);
  stories("ended-connections", history.ended, ended => `${ended.last.node}${ended.last.id}`, ended => [
    `${moment(ended.endedAt)} · ${ended.last.id} of ${ended.last.remote}${ended.last.node ? ` on ${ended.last.node}` : ""}: ${spoken(ended.reason)}, by the ${ended.by} after ${duration(ended.last.ageSeconds)}`,
    [ended.meaning, ended.detail, ended.advice].filter(Boolean).join(" · "),
    [ended.last.serverName ? `SNI ${ended.last.serverName}` : "no SNI", ...ended.events.map(happened => `${happened.event}${happened.detail ? ` (${spoken(happened.detail)})` : ""} +${happened.afterMs} ms`)].join(" → "),
  ]);
}

function stories(id, items, keyOf, tell) {
  each($(id), items, keyOf, () => make("article", "", make("p"), make("p"), make("p", "note")), (article, item) => tell(item).forEach((words, index) => text(article.children[index], words)));
}

// ---- Asking again while somebody looks

async function keep(problemId, every, refresh, signal) {
  while (!signal.aborted) {
    try {
      await refresh();
    } catch (problem) {
      if (problem instanceof Refused) return;
      if (!(problem instanceof TypeError) && !problem.status) throw problem;
      if (problem.status) text(problemId, problem.message);
    }
    await wait(every);
  }
}

function begin() {
  if (listening || !token || document.hidden) return;
  listening = new AbortController();
  listen(listening.signal);
}

// The token is good.
function open(signal) {
  $("login").hidden = true;
  $("app").hidden = false;
  keep("where-problem", 2000, refreshConnections, signal);
  keep("of-problem", 5000, refreshHistory, signal);
}

function rest() {
  listening?.abort();
  listening = null;
  before = null;
}

function forget(words) {
  rest();
  token = null;
  sessionStorage.removeItem(kept);
  $("app").hidden = true;
  $("login").hidden = false;
  text("login-problem", words);
  $("token").focus();
}

function enter(given) {
  rest();
  token = given.trim();
  sessionStorage.setItem(kept, token);
  text("login-problem", "");
  begin();
}

// A link of `actors443 dashboard` brings the token behind the #, which browsers send to nobody; it does not stay in the address.
function takeFromAddress() {
  if (!location.hash.startsWith("#token=")) return false;
  const given = decodeURIComponent(location.hash.slice("#token=".length));
  history.replaceState(null, "", location.pathname);
  enter(given);
  return true;
}

$("login-form").addEventListener("submit", event => {
  event.preventDefault();
  const field = $("token");
  enter(field.value);
  field.value = "";
});
$("leave").addEventListener("click", () => forget(""));
$("filter-form").addEventListener("submit", async event => {
  event.preventDefault();
  for (const name of Object.keys(wanted)) wanted[name] = $(name).value.trim();
  await tryOut("where-problem", refreshConnections);
});
for (const name of ["sort", "limit"]) $(name).addEventListener("change", () => $("filter-form").requestSubmit());
$("close-all").addEventListener("click", () => actOnAll("close"));
$("drain-all").addEventListener("click", () => actOnAll("drain"));
$("why-form").addEventListener("submit", async event => {
  event.preventDefault();
  whose = $("of").value.trim();
  await tryOut("of-problem", refreshHistory);
});
document.addEventListener("visibilitychange", () => document.hidden ? rest() : begin());
window.addEventListener("hashchange", takeFromAddress);

async function tryOut(problemId, refresh) {
  try {
    await refresh();
  } catch (problem) {
    if (problem instanceof Refused) forget(problem.message);
    else text(problemId, problem.message);
  }
}

if (!takeFromAddress()) {
  const known = sessionStorage.getItem(kept);
  if (known) enter(known);
  else forget("");
}
