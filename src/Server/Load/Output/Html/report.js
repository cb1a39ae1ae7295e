// The page of one run.

const sum = (items, value) => items.reduce((total, item) => total + (value(item) ?? 0), 0);
const most = (items, value) => items.reduce((high, item) => Math.max(high, value(item) ?? -Infinity), -Infinity);
const middling = values => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
const least = (items, value) => items.reduce((low, item) => Math.min(low, value(item) ?? Infinity), Infinity);
const percentiles = [["p50_us", "p50", "p50"], ["p99_us", "p99", "p99"], ["p999_us", "p99.9", "p999"]];

const report = JSON.parse(document.getElementById("report").textContent);
const groups = report.groups.map((group, index) => ({ ...group, color: `g${index % 8 + 1}`, series: fewer(group.series ?? [], 900), marks: group.marks ?? [] }));
const several = groups.length > 1;
const settingsOf = name => report.settings?.groups?.find(group => group.name === name)?.text ?? "";
const all = groups.flatMap(group => group.series);

const answersOf = { steady: "requests", hold: "requests", handshakes: "requests", storm: "requests", websocket: "messages", doh: "queries" };
const answers = new Set(groups.filter(group => group.totals.succeeded > 0).map(group => answersOf[group.mode] ?? "answers"));
const unit = answers.size === 1 ? [...answers][0] : answers.size ? "answers" : "requests";
const capital = text => text[0].toUpperCase() + text.slice(1);

const errorWords = {
  refused: "Refused", unreachable: "Unreachable", local_limit: "This machine's limit", tls_alert: "TLS alert", tls: "TLS", timeout: "Timeout", reset: "Reset",
  closed: "Closed", http_status: "HTTP status", http2: "HTTP/2", protocol: "Protocol",
};

/** A long run has more intervals than a plot has room for: neighbours become one. Percentiles are then the worst of them. */
function fewer(series, wanted) {
  const least = Math.ceil(series.length / wanted), size = clockSteps.find(step => step >= least) ?? least;
  if (size <= 1) return series;
  const joined = [];
  for (let index = 0; index < series.length; index += size) {
    const part = series.slice(index, index + size), last = part.at(-1), one = { ...last, t: part[0].t, length_s: last.t + last.length_s - part[0].t, errors_by_kind: {} };
    for (const key of ["succeeded", "errors", "full_handshakes", "resumed_handshakes", "bytes_received", "bytes_sent"]) one[key] = sum(part, item => item[key]);
    for (const [key] of percentiles) {
      const high = most(part, item => item[key]);
      one[key] = high === -Infinity ? null : high;
    }
    for (const item of part) for (const [kind, times] of Object.entries(item.errors_by_kind ?? {})) one.errors_by_kind[kind] = (one.errors_by_kind[kind] ?? 0) + times;
    joined.push(one);
  }
  return joined;
}

// Axes

const from = Math.min(0, least(all, item => item.t)), to = Math.max(report.duration_s, most(all, item => item.t + item.length_s), from + 0.1);
const interval = Math.max(most(all, item => item.length_s), 0.001);
const common = commonIntervals();
const atTime = seconds => to - from <= 120 ? `${figure(seconds)} s` : moment(seconds, to - from);
const timeAxis = { low: from, high: to, ticks: clockTicks, text: seconds => moment(seconds, to - from), caption: to - from <= 120 ? "seconds" : to - from < 7200 ? "min:s" : "h:min:s" };

function upAxis(high, ticks, text) {
  const top = high > 0 ? high * 1.06 : 1;
  return { low: 0, high: top, ticks, text };
}

function byteAxis(high) {
  const { size, unit } = byteUnit(high);
  return upAxis(high, byteTicks, value => value === 0 ? "0" : `${figure(value / size)} ${unit}`);
}

/** Linear while everything can be told apart, logarithmic where it could not. */
function latencyAxis(low, high) {
  if (high / low < 15) return upAxis(high, roundTicks, latency);
  return { low: low / 1.25, high: high * 1.15, log: true, ticks: logTicks, text: latency };
}

const logNote = axis => axis.log ? ", on a logarithmic scale" : "";

function allMarks() {
  return groups.flatMap(group => group.marks.map(mark => {
    const short = mark.text.split(":")[0];
    return { at: mark.t, text: short.length > 22 ? short.slice(0, 21) + "…" : short, title: several ? `${group.name}: ${mark.text}` : mark.text };
  }));
}

const timePlot = spec => new Plot({ x: timeAxis, time: true, before: 0, pointed: atTime, reach: interval * 0.8, ...spec });

// Parts of the page

const plots = document.getElementById("plots");

/** A card with a plot, or one for each group. */
function card(title, note, legend, panels, wide) {
  const caption = html("figcaption", {}, html("h3", {}, title));
  if (note) caption.append(html("p", {}, note));
  if (legend.length > 1) caption.append(html("ul", { class: "legend" }, ...legend.map(({ name, color }) => html("li", {}, html("i", { class: color }), name))));
  const content = html("div", { class: panels.length % 3 === 0 ? "panels by-three" : "panels" }, ...panels.map(({ name, color, plot }) =>
    html("div", {}, ...(name ? [html("h4", {}, ...(color ? [html("i", { class: color })] : []), name)] : []), plot.element)));
  plots.append(html("figure", { class: wide || panels.length > 1 ? "wide" : panels[0].plot.spec.time && panels[0].plot.spec.bars.length ? "bars" : "" }, caption, content));
  for (const { plot } of panels) plot.draw();
}

/** Cards stand in pairs: where one has no partner, one takes the width of two; best one with bars, which can use it. */
function widenTheSingle() {
  let row = [];
  for (const figure of [...plots.children, null]) {
    if (figure && !figure.classList.contains("wide")) { row.push(figure); continue; }
    if (row.length % 2) (row.find((figure, index) => index % 2 === 0 && figure.classList.contains("bars")) ?? row.at(-1)).classList.add("wide");
    row = [];
  }
}

/** The first columns are text, to be aligned as such; the others are figures. */
function table(heads, rows, label, texts = 1) {
  const kind = index => index < texts ? { class: "text" } : {};
  return html("div", { class: "table", tabindex: "0", role: "group", "aria-label": label }, html("table", {},
    html("thead", {}, html("tr", {}, ...heads.map((head, index) => html("th", { scope: "col", ...kind(index) }, head)))),
    html("tbody", {}, ...rows.map(cells => html("tr", {}, ...cells.map((cell, index) => html(index ? "td" : "th", index ? kind(index) : { scope: "row", ...kind(0) }, cell)))))));
}

function fact(name, value, note, tone) {
  return html("div", tone ? { class: tone } : {}, html("dt", {}, name), html("dd", {}, value), ...(note ? [html("dd", { class: "note" }, note)] : []));
}

// Where nothing is answered, as in a storm, errors are no share of anything.
const errorsOf = totals => !totals.errors ? "none" : totals.succeeded ? `${count(totals.errors)} (${percent(totals.error_rate)})` : count(totals.errors);

const timed = groups.filter(group => group.totals.latency_us?.count > 0);

function header() {
  document.title = `Load report: ${report.target}`;
  document.getElementById("tool").textContent = report.tool;
  document.getElementById("target").textContent = report.target;
  const started = new Date(report.started);
  const when = isNaN(started) ? report.started : new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" }).format(started) + " UTC";
  const nodes = report.nodes.length === 1 ? `from ${report.nodes[0]}` : `from ${report.nodes.length} load nodes: ${report.nodes.join(", ")}`;
  document.getElementById("run").append(
    html("time", { datetime: report.started }, when), html("span", {}, `for ${length(report.duration_s)}`), ...(report.nodes.length ? [html("span", {}, nodes)] : []));
}

function summary() {
  const succeeded = sum(groups, group => group.totals.succeeded), errors = sum(groups, group => group.totals.errors);
  const full = sum(groups, group => group.totals.full_handshakes), resumed = sum(groups, group => group.totals.resumed_handshakes);
  const facts = [];
  if (succeeded > 0) facts.push(fact(`${capital(unit)} a second`, figure(sum(groups, group => group.totals.rate)), `${count(succeeded)} in all`));
  for (const [key, name] of [["p50", "Median latency"], ["p99", "p99 latency"], ["p999", "p99.9 latency"]]) {
    const slowest = timed.toSorted((one, other) => other.totals.latency_us[key] - one.totals.latency_us[key])[0];
    if (slowest) facts.push(fact(name, latency(slowest.totals.latency_us[key]), timed.length > 1 ? `of ${slowest.name}, the slowest` : key === "p999" ? `${latency(slowest.totals.latency_us.max)} at most` : ""));
  }
  facts.push(fact("Errors", errors ? percent(errors / (succeeded + errors)) : "none", errors ? count(errors) : "", errors ? "bad" : "good"));
  const peak = several ? peakOpen() : groups[0]?.totals.peak_open ?? 0;
  if (peak > 0) facts.push(fact("Sessions at once", count(peak), "at the peak"));
  if (full + resumed > 0) facts.push(fact("TLS handshakes", count(full + resumed), resumed ? `${percent(resumed / (full + resumed))} resumed` : "none resumed"));
  const server = report.server;
  if (server?.memory_per_session_bytes) facts.push(fact("Server memory a session", bytes(server.memory_per_session_bytes)));
  if (server?.cpu_us_per_request) facts.push(fact("Server CPU a request", latency(server.cpu_us_per_request), report.load?.cpu_us_per_request ? `${latency(report.load.cpu_us_per_request)} for the load itself` : ""));
  else if (report.load?.cpu_us_per_request) facts.push(fact("Load's own CPU a request", latency(report.load.cpu_us_per_request)));
  const cards = document.getElementById("summary");
  cards.style.setProperty("--columns", Math.max(4, Math.ceil(facts.length / Math.ceil(facts.length / 6))));
  cards.append(...facts);
}

/** Most sessions open at one time over all groups; their own peaks need not have been together. */
const peakOpen = () => Math.max(most(common, one => sum(one.items, item => item.open)), ...groups.map(group => group.totals.peak_open));

function comparison() {
  if (!several) return;
  const section = document.getElementById("comparison");
  section.hidden = false;
  const of = (group, key) => group.totals.latency_us ? latency(group.totals.latency_us[key]) : "";
  section.append(table(["Group", "Mode", "Per second", "p50", "p99", "p99.9", "Max", "Errors", "Sessions"], groups.map(group => [
    html("span", {}, html("i", { class: group.color }), group.name), group.mode, group.totals.succeeded ? figure(group.totals.rate) : "",
    of(group, "p50"), of(group, "p99"), of(group, "p999"), of(group, "max"), errorsOf(group.totals), group.totals.peak_open ? count(group.totals.peak_open) : ""]), "Groups compared", 2));
}

function latencyOverTime() {
  const shown = groups.filter(group => group.series.some(item => item.p50_us > 0));
  if (!shown.length) return;
  const items = shown.flatMap(group => group.series);
  const axis = latencyAxis(least(items, item => item.p50_us || null), most(items, item => item.p999_us ?? item.p99_us ?? item.p50_us));
  const model = shown.every(group => group.open_model) ? "From the moment each was due to the end of its answer" : shown.some(group => group.open_model) ? "To the end of the answer: from the moment it was due (open model), else from the moment it was sent" : "From the moment each was sent to the end of its answer";
  card("Latency over time", model + logNote(axis), [], shown.map(group => ({
    name: shown.length > 1 ? group.name : "",
    plot: timePlot({
      about: `Latency of ${group.name} over time: ${spoken(group)}`, y: axis, rules: allMarks(),
      lines: percentiles.map(([key, name, color]) => ({ name, color, label: name, points: group.series.map(item => [item.t + item.length_s / 2, item[key]]) })),
    }),
  })), true);
}

const spoken = group => group.totals.latency_us ? `median ${latency(group.totals.latency_us.p50)}, p99 ${latency(group.totals.latency_us.p99)}` : "";

/** A line for each group: in one plot, or in one each where the small would lie flat under the large. */
function linesOfGroups(title, note, shown, points, axis, exact, more = () => []) {
  const peak = group => most(points(group), point => point[1]);
  const apart = shown.length > 1 && most(shown, peak) > 25 * least(shown, peak);
  const lines = group => [{ name: group.name, color: group.color, filled: apart || shown.length < 3, points: points(group) }, ...more(group)];
  const plot = some => timePlot({
    about: `${title}: ${some.map(group => `${group.name} up to ${exact(peak(group))}`).join(", ")}`, y: axis(most(some, group => most(lines(group).flatMap(line => line.points), point => point[1]))),
    exact, rules: allMarks(), lines: some.flatMap(lines),
  });
  card(title, note, apart ? [] : shown, apart ? shown.map(group => ({ name: group.name, color: group.color, plot: plot([group]) })) : [{ plot: plot(shown) }]);
}

function rateOverTime() {
  const shown = groups.filter(group => group.totals.succeeded > 0);
  // What is left of an interval at the end of a run is too short to say anything of a rate.
  const whole = group => group.series.filter(item => item.length_s > interval / 4);
  if (shown.length) linesOfGroups(`${capital(unit)} a second`, "Answered without an error", shown, group => whole(group).map(item => [item.t + item.length_s / 2, item.succeeded / item.length_s]),
    high => upAxis(high, roundTicks, shortCount), figure);
}

function sessionsOverTime() {
  const shown = groups.filter(group => group.series.some(item => item.open > 0));
  const opening = shown.some(group => group.series.some(item => item.opening > 0));
  if (shown.length) linesOfGroups("Sessions open", opening ? "At the end of each interval; dashed: being opened" : "At the end of each interval", shown, group => group.series.map(item => [item.t + item.length_s, item.open]),
    high => upAxis(high, wholeTicks, shortCount), count,
    group => group.series.some(item => item.opening > 0) ? [{ name: `${group.name}, opening`, color: group.color + " dashed", points: group.series.map(item => [item.t + item.length_s, item.opening]) }] : []);
}

function throughputOverTime() {
  if (!groups.some(group => ["tunnel", "websocket"].includes(group.mode)) || !all.some(item => item.bytes_received + item.bytes_sent > 0)) return;
  const lines = [["received", "g3"], ["sent", "g2"]].map(([name, color]) => {
    const bars = barsOverTime(item => [[name, item[`bytes_${name}`]]]);
    return { name, color, filled: true, points: bars.map(bar => [middle(bar), bar.values.get(name) / (bar.to - bar.from)]) };
  });
  const high = most(lines.flatMap(line => line.points), point => point[1]);
  card("Bytes a second", "As the clients count them: what TLS adds is not in them", lines, [{
    plot: timePlot({ about: `Bytes a second: up to ${bytes(high)}`, lines, rules: allMarks(), exact: bytes, y: byteAxis(high) }),
  }]);
}

function latencyHistogram() {
  const shown = groups.filter(group => group.latency_histogram?.length > 0);
  if (!shown.length) return;
  const bars = new Map(shown.map(group => [group, buckets(group)]));
  const every = [...bars.values()].flat();
  const axis = { low: least(every, bar => bar.from), high: most(every, bar => bar.to), log: true, ticks: logTicks, text: latency, caption: "latency, logarithmic", room: 54 };
  card("How latencies are spread", `How many ${unit} took how long`, [], shown.map(group => {
    const of = bars.get(group), total = sum(of, bar => bar.parts[0].value), figures = group.totals.latency_us;
    return {
      name: shown.length > 1 ? group.name : "",
      color: group.color,
      plot: new Plot({
        about: `Histogram of the latency of ${group.name}: ${spoken(group)}`, x: axis, y: upAxis(most(of, bar => bar.parts[0].value), wholeTicks, shortCount), bars: of,
        exact: value => `${count(value)} (${percent(value / total)})`,
        pointed: x => { const bar = of.find(bar => x >= bar.from && x < bar.to) ?? of[0]; return `${latency(bar.from)} to ${latency(bar.to)}`; },
        rules: figures ? [["p50", "p50"], ["p99", "p99"], ["p999", "p99.9"], ["max", "max"]].filter(([key]) => figures[key] >= axis.low)
          .map(([key, name]) => ({ at: Math.min(figures[key], axis.high), text: name, title: `${name} is ${latency(figures[key])}`, color: key })) : [],
      }),
    };
  }), false);
}

/** Buckets as bars. Empty ones may be left out, so where a bucket begins follows from the closest two. */
function buckets(group) {
  const uppers = group.latency_histogram.map(([upper]) => upper);
  const ratio = uppers.slice(1).reduce((low, upper, index) => uppers[index] > 0 ? Math.min(low, upper / uppers[index]) : low, 1.5);
  return group.latency_histogram.filter(([upper]) => upper > 0).map(([upper, value], index) => ({
    from: Math.max(upper / ratio, index ? uppers[index - 1] : 0), to: upper, parts: [{ name: unit, color: group.color, value }],
  }));
}

function latencyByPercentile() {
  const shown = groups.filter(group => sum(group.latency_histogram ?? [], bucket => bucket[1]) >= 100);
  if (!shown.length) return;
  const lines = shown.map(group => {
    const total = sum(group.latency_histogram, bucket => bucket[1]), points = [];
    let below = 0;
    for (const [upper, times] of group.latency_histogram) {
      if (times === 0) continue;
      points.push([total / (total - below), upper]);
      below += times;
    }
    return { name: group.name, color: group.color, points };
  });
  const points = lines.flatMap(line => line.points), high = most(points, point => point[0]);
  if (high < 2) return;
  const y = latencyAxis(least(points, point => point[1]), most(points, point => point[1]));
  const share = value => `${Number((100 - 100 / value).toFixed(Math.max(0, Math.ceil(Math.log10(value)) - 1)))}%`;
  card("Latency by percentile", `This share of ${unit} took no longer${logNote(y)}`, shown, [{
    plot: new Plot({
      about: `Latency by percentile: ${shown.map(group => `${group.name} ${spoken(group)}`).join("; ")}`, lines, y, pointed: share,
      x: { low: 1, high, log: true, ticks: (_, top) => [2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].filter(value => value <= top), text: share, caption: "percentile", room: 40 },
    }),
  }]);
}

/** The intervals of all groups, which tick together. */
function commonIntervals() {
  const intervals = [];
  for (const item of all.toSorted((one, other) => one.t - other.t)) {
    const last = intervals.at(-1), end = item.t + item.length_s;
    if (last && item.t - last.from < interval / 2) {
      last.items.push(item);
      last.to = Math.max(last.to, end);
    } else {
      if (last) last.to = Math.min(last.to, item.t);
      intervals.push({ from: item.t, to: end, items: [item] });
    }
  }
  return intervals;
}

/** Bars over time of all groups together, no more than there is room for. */
function barsOverTime(parts) {
  const size = Math.ceil(common.length / 180), bars = [];
  for (let index = 0; index < common.length; index += size) {
    const joined = common.slice(index, index + size), values = new Map();
    for (const item of joined.flatMap(one => one.items))
      for (const [name, value] of parts(item)) values.set(name, (values.get(name) ?? 0) + value);
    bars.push({ from: joined[0].from, to: joined.at(-1).to, values });
  }
  return bars;
}

function stacked(title, note, parts, names) {
  const bars = barsOverTime(parts), size = Math.ceil(common.length / 180) * (middling(common.map(one => one.to - one.from)) ?? 1);
  const drawn = bars.map(bar => ({ from: bar.from, to: bar.to, parts: names.map(({ name, color }) => ({ name, color, value: bar.values.get(name) ?? 0 })) }));
  card(title, `${note}; each bar is ${length(size)}`, names.length > 1 ? names : [], [{
    plot: timePlot({
      about: `${title}: ${names.map(({ name }) => `${count(sum(bars, bar => bar.values.get(name)))} ${name}`).join(", ")}`, bars: drawn, rules: allMarks(), exact: count,
      y: upAxis(most(drawn, bar => sum(bar.parts, part => part.value)), wholeTicks, shortCount), pointed: x => { const bar = bars.find(bar => x < bar.to) ?? bars.at(-1); return `${atTime(bar.from)} to ${atTime(bar.to)}`; },
    }),
  }]);
}

function handshakesOverTime() {
  if (common.filter(one => one.items.some(item => item.full_handshakes + item.resumed_handshakes > 0)).length < 4) return;
  const names = [{ name: "full", color: "g1" }, { name: "resumed", color: "g3" }].filter(({ name }) => all.some(item => item[`${name}_handshakes`] > 0));
  stacked("TLS handshakes", names.length > 1 ? "Completed" : `Completed, all of them ${names[0].name}`, item => [["full", item.full_handshakes], ["resumed", item.resumed_handshakes]], names);
}

const kindText = kind => {
  const [first, ...rest] = kind.split(" ");
  return [errorWords[first] ?? first, ...rest].join(" ");
};

function errorsOverTime() {
  const totals = new Map();
  for (const item of all) for (const [kind, times] of Object.entries(item.errors_by_kind ?? {})) totals.set(kind, (totals.get(kind) ?? 0) + times);
  const kinds = [...totals].filter(([, times]) => times > 0).sort((one, other) => other[1] - one[1]).map(([kind]) => kind);
  if (!kinds.length) return;
  const own = kinds.length > 7 ? kinds.slice(0, 6) : kinds;
  const names = own.map((kind, index) => ({ name: kindText(kind), color: `e${index + 1}` }));
  if (kinds.length > own.length) names.push({ name: `${kinds.length - own.length} other kinds`, color: "e7" });
  const nameOf = kind => names[own.includes(kind) ? own.indexOf(kind) : names.length - 1].name;
  const note = names.length > 1 ? "By kind" : names[0].name;
  stacked("Errors", note, item => Object.entries(item.errors_by_kind ?? {}).map(([kind, times]) => [nameOf(kind), times]), names);
}

function serverOverTime() {
  const series = report.server?.series ?? [];
  const process = report.server?.name ? `Of ${report.server.name}` : "Of the server's process";
  const one = (title, key, note, axis, exact) => {
    const points = series.filter(item => item[key] !== null && item[key] !== undefined && item.t >= from && item.t <= to).map(item => [item.t, item[key]]);
    if (points.length < 2) return;
    const y = axis(most(points, point => point[1]));
    card(title, note, [], [{ plot: timePlot({ about: `${title}: up to ${exact(most(points, point => point[1]))}`, y, exact, rules: allMarks(), lines: [{ name: title, color: "g6", filled: true, points }], reach: 2 * interval }) }]);
  };
  one("Server memory", "memory_bytes", process, byteAxis, bytes);
  one("Server CPU", "cpu_cores", "Cores kept busy", high => upAxis(high, roundTicks, figure), figure);
}

function details() {
  const section = document.getElementById("details");
  section.hidden = groups.length === 0;
  for (const group of groups) {
    const { totals } = group;
    const facts = [
      [capital(answersOf[group.mode] ?? "answers"), totals.succeeded, count], ["A second", totals.succeeded && totals.rate, figure], ["Errors", totals.errors, () => errorsOf(totals)],
      ["Peak sessions", totals.peak_open, count], ["Full handshakes", totals.full_handshakes, count], ["Resumed", totals.resumed_handshakes, count],
      ["Received", totals.bytes_received, bytes], ["Sent", totals.bytes_sent, bytes], ["Events", totals.events, count],
    ].filter(([, value]) => value > 0).map(([name, value, text]) => fact(name, text(value)));
    const columns = ["mean", "p50", "p90", "p99", "p999", "max"];
    const rows = [["Answer", totals.latency_us], ["Handshake", totals.handshake_us]].filter(([, figures]) => figures?.count > 0)
      .map(([name, figures]) => [name, count(figures.count), ...columns.map(column => latency(figures[column]))]);
    section.append(html("article", {},
      html("h3", {}, html("i", { class: group.color }), group.name, ...(group.mode === group.name ? [] : [html("span", { class: "pill" }, group.mode)]), html("span", { class: "pill" }, group.open_model ? "open model" : "closed model")),
      ...(settingsOf(group.name) ? [html("p", {}, settingsOf(group.name))] : []),
      html("dl", { class: "facts" }, ...facts),
      ...(rows.length ? [table(["Time of", "Count", "Mean", "p50", "p90", "p99", "p99.9", "Max"], rows, `Times of ${group.name}`)] : [])));
  }
  const marks = groups.flatMap(group => group.marks.map(mark => ({ ...mark, group }))).sort((one, other) => one.t - other.t);
  if (marks.length) section.append(html("article", {}, html("h3", {}, "What happened when"),
    table(["At", ...(several ? ["Group"] : []), "What"], marks.map(mark => [atTime(mark.t), ...(several ? [mark.group.name] : []), mark.text]), "Marks", 3)));
}

function errorsTable() {
  const rows = groups.flatMap(group => (group.errors ?? []).map(error => ({ ...error, group }))).sort((one, other) => other.count - one.count);
  if (!rows.length) return;
  const section = document.getElementById("errors"), total = sum(rows, row => row.count);
  section.hidden = false;
  section.append(table(["Kind", "Detail", ...(several ? ["Group"] : []), "Count", "Share"], rows.map(row => [
    errorWords[row.kind] ?? row.kind, row.detail ? html("code", {}, row.detail) : "", ...(several ? [html("span", {}, html("i", { class: row.group.color }), row.group.name)] : []),
    count(row.count), percent(row.count / total)]), "Errors", several ? 3 : 2));
}

function settings() {
  const section = document.getElementById("settings"), scenario = report.settings?.scenario;
  section.hidden = !scenario;
  if (scenario) section.append(html("details", {}, html("summary", {}, "The scenario as it was run"), html("pre", {}, scenario)));
}

header();
summary();
comparison();
latencyOverTime();
rateOverTime();
sessionsOverTime();
throughputOverTime();
latencyHistogram();
latencyByPercentile();
handshakesOverTime();
errorsOverTime();
serverOverTime();
widenTheSingle();
details();
errorsTable();
settings();

// Paper shows everything.
addEventListener("beforeprint", () => { for (const element of document.querySelectorAll("details")) element.open = true; });
addEventListener("scroll", () => tip.hide(), { passive: true });
