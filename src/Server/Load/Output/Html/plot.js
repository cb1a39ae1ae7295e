// A plot: lines or bars on two axes, drawn as SVG as wide as there is room, with the figures under the pointer.

const svgNamespace = document.querySelector("svg").namespaceURI;

function svg(name, attributes, ...content) {
  const element = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

function html(name, attributes, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

/** From values to pixels. */
function scale(axis, from, to) {
  const place = axis.log ? Math.log : value => value;
  const low = place(axis.low), size = place(axis.high) - low;
  const pixels = value => from + (place(value) - low) / size * (to - from);
  pixels.value = pixel => {
    const at = low + (pixel - from) / (to - from) * size;
    return axis.log ? Math.exp(at) : at;
  };
  return pixels;
}

const tip = {
  element: document.getElementById("tip"),
  show(title, rows, x, y) {
    this.element.replaceChildren(html("b", {}, title), ...rows.map(row =>
      html("div", {}, html("i", { class: row.color ?? "" }), html("span", {}, row.name), html("em", {}, row.text))));
    this.element.hidden = false;
    const box = this.element.getBoundingClientRect(), gap = 14;
    const left = x + gap + box.width > innerWidth ? x - gap - box.width : x + gap;
    this.element.style.left = `${Math.max(4, Math.min(left, innerWidth - box.width - 4))}px`;
    this.element.style.top = `${Math.max(4, Math.min(y - box.height / 2, innerHeight - box.height - 4))}px`;
  },
  hide() { this.element.hidden = true; },
};

/** Plots over time: where one is pointed at, all show the same moment. */
const overTime = [];

/**
 * @typedef Axis { low, high, log, ticks(low, high, wanted), text(value), caption }
 * @typedef Line { name, color, points: [x, y or null][], filled, label } label: written at its end
 * @typedef Bar { from, to, parts: { name, color, value }[] }
 * @typedef Rule { at, text, title } a labelled vertical line
 * A plot is { title, about, x: Axis, y: Axis, lines: Line[], bars: Bar[], rules: Rule[], before, time, pointed(x), reach }
 * `before`: what is left of this is not part of the run. `pointed` names the place under the pointer.
 */
class Plot {
  constructor(spec) {
    this.spec = { lines: [], bars: [], rules: [], ...spec };
    this.element = html("div", { class: "plot", tabindex: "0", role: "img", "aria-label": spec.about });
    this.element.addEventListener("pointermove", event => this.point(event.clientX, event.clientY));
    this.element.addEventListener("pointerdown", event => this.point(event.clientX, event.clientY));
    this.element.addEventListener("pointerleave", () => this.leave());
    this.element.addEventListener("blur", () => this.leave());
    this.element.addEventListener("keydown", event => this.step(event));
    if (spec.time) overTime.push(this);
    new ResizeObserver(() => requestAnimationFrame(() => this.draw())).observe(this.element);
  }

  draw() {
    const { spec } = this, width = Math.round(this.element.clientWidth);
    if (width < 80 || width === this.width) return;
    this.width = width;
    const height = Math.round(Math.max(215, Math.min(290, width * 0.44)));
    const labelled = spec.lines.some(line => line.label);
    const box = this.box = { left: 54, right: width - (labelled ? 44 : 12), top: spec.rules.length ? 26 : 10, bottom: height - 38 };
    this.x = scale(spec.x, box.left, box.right);
    this.y = scale(spec.y, box.bottom, box.top);
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    if (spec.before > spec.x.low)
      root.append(svg("rect", { class: "before", x: box.left, y: box.top, width: this.x(spec.before) - box.left, height: box.bottom - box.top }));
    this.drawAxes(root, height);
    for (const bar of spec.bars) this.drawBar(root, bar);
    this.drawRules(root);
    for (const line of spec.lines) this.drawLine(root, line);
    this.drawLabels(root);
    this.cursor = svg("g", { class: "cursor" });
    root.append(this.cursor);
    this.element.replaceChildren(root);
  }

  drawAxes(root, height) {
    const { spec, box } = this;
    for (const value of spec.y.ticks(spec.y.low, spec.y.high, (box.bottom - box.top) / 34)) {
      const y = this.y(value).toFixed(1);
      root.append(svg("line", { class: "grid", x1: box.left, x2: box.right, y1: y, y2: y }),
        svg("text", { class: "tick", x: box.left - 8, y, dy: ".32em", "text-anchor": "end" }, spec.y.text(value)));
    }
    let free = -Infinity;
    for (const value of spec.x.ticks(spec.x.low, spec.x.high, (box.right - box.left) / (spec.x.room ?? 62))) {
      const x = this.x(value), text = spec.x.text(value), half = text.length * 3.3;
      root.append(svg("line", { class: "stub", x1: x.toFixed(1), x2: x.toFixed(1), y1: box.bottom, y2: box.bottom + 4 }));
      if (x - half < free) continue;
      free = x + half + 8;
      root.append(svg("text", { class: "tick", x: Math.min(x, this.width - half).toFixed(1), y: box.bottom + 16, "text-anchor": "middle" }, text));
    }
    root.append(svg("line", { class: "axis", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
      svg("text", { class: "caption", x: box.right, y: height - 5, "text-anchor": "end" }, spec.x.caption));
  }

  drawLine(root, line) {
    const runs = [];
    let run = null;
    for (const [x, y] of line.points) {
      if (y === null || y === undefined || (this.spec.y.log && y <= 0)) { run = null; continue; }
      if (!run) runs.push(run = []);
      run.push([this.x(x).toFixed(1), this.y(y).toFixed(1)]);
    }
    const path = points => "M" + points.map(point => point.join(" ")).join("L");
    const many = runs.flat().length > this.width;
    for (const points of runs) {
      if (points.length === 1) root.append(svg("circle", { class: `dot ${line.color}`, cx: points[0][0], cy: points[0][1], r: 2.5 }));
      if (line.filled) root.append(svg("path", { class: `area ${line.color}`, d: `${path(points)}L${points.at(-1)[0]} ${this.box.bottom}L${points[0][0]} ${this.box.bottom}Z` }));
      root.append(svg("path", { class: `line ${line.color}${many ? " thin" : ""}`, d: path(points) }));
    }
  }

  drawBar(root, bar) {
    const left = this.x(bar.from), wide = this.x(bar.to) - left, gap = wide > 5 ? 1 : 0;
    let sum = this.spec.y.low;
    for (const part of bar.parts.filter(part => part.value > 0)) {
      const bottom = this.y(sum), top = Math.min(this.y(sum += part.value), bottom - 1.5);
      root.append(svg("rect", { class: `bar ${part.color}`, x: (left + gap / 2).toFixed(2), y: top.toFixed(1), width: Math.max(0.6, wide - gap).toFixed(2), height: (bottom - top).toFixed(1) }));
    }
  }

  // Labels go above the plot; one that has no room beside the last gives way (its line keeps its title).
  drawRules(root) {
    let free = this.box.left;
    for (const rule of [...this.spec.rules].sort((one, other) => one.at - other.at)) {
      const x = this.x(rule.at), wide = rule.text.length * 6 + 4;
      root.append(svg("line", { class: `rule ${rule.color ?? ""}`, x1: x.toFixed(1), x2: x.toFixed(1), y1: this.box.top - 6, y2: this.box.bottom }, svg("title", {}, rule.title)));
      const from = Math.max(this.box.left, Math.min(x - wide / 2, this.width - wide));
      if (from < free) continue;
      free = from + wide + 4;
      root.append(svg("text", { class: `mark ${rule.color ?? ""}`, x: (from + wide / 2).toFixed(1), y: this.box.top - 11, "text-anchor": "middle" }, rule.text));
    }
  }

  // Names at the ends of lines, pushed apart where lines end together.
  drawLabels(root) {
    const room = 14;
    const labels = this.spec.lines.filter(line => line.label).map(line => ({ line, end: line.points.findLast(point => point[1] > 0) }))
      .filter(label => label.end).map(label => ({ ...label, y: this.y(label.end[1]) })).sort((one, other) => other.y - one.y);
    let floor = this.box.bottom;
    for (const label of labels) floor = (label.y = Math.min(label.y, floor)) - room;
    let ceiling = this.box.top;
    for (const label of labels.toReversed()) ceiling = (label.y = Math.max(label.y, ceiling)) + room;
    for (const { line, y } of labels)
      root.append(svg("text", { class: `end ${line.color}`, x: this.box.right + 6, y: y.toFixed(1), dy: ".32em" }, line.label));
  }

  point(clientX, clientY) {
    if (!this.x) return;
    const { left } = this.element.getBoundingClientRect(), pixel = clientX - left;
    if (pixel < this.box.left - 8 || pixel > this.box.right + 8) return this.leave();
    this.show(this.x.value(pixel), clientX, clientY);
  }

  step(event) {
    const to = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") this.leave();
    if (!to || !this.x) return;
    event.preventDefault();
    const places = [...new Set([...this.spec.lines.flatMap(line => line.points.map(point => point[0])), ...this.spec.bars.map(middle)])].sort((one, other) => one - other);
    const next = this.at === undefined ? places.at(to > 0 ? 0 : -1)
      : to > 0 ? places.find(place => place > this.at + 1e-9) : places.findLast(place => place < this.at - 1e-9);
    if (next === undefined) return;
    const box = this.element.getBoundingClientRect();
    this.show(next, box.left + this.x(next), box.top + this.box.top + 40);
  }

  show(x, clientX, clientY) {
    this.at = x;
    const rows = this.follow(x);
    if (this.spec.time) for (const other of overTime) if (other !== this) other.follow(x);
    if (rows.length) tip.show(this.spec.pointed(this.found), rows, clientX, clientY); else tip.hide();
  }

  leave() {
    this.at = undefined;
    for (const plot of this.spec.time ? overTime : [this]) plot.cursor?.replaceChildren();
    tip.hide();
  }

  /** Puts the cursor at x; what is there, for the tip. */
  follow(x) {
    if (!this.x) return [];
    const { spec } = this, rows = [], dots = [];
    this.found = x;
    const bar = spec.bars.find(bar => x >= bar.from && x < bar.to) ?? spec.bars.find(bar => Math.abs(middle(bar) - x) < (bar.to - bar.from) / 2 + 1e-9);
    if (bar) {
      this.found = middle(bar);
      rows.push(...bar.parts.filter(part => part.value > 0).toReversed().map(part => ({ ...part, text: (spec.exact ?? spec.y.text)(part.value) })));
    }
    let nearest = Infinity;
    for (const line of spec.lines) {
      const point = closest(line.points, x, spec.x.log);
      if (!point || point[1] === null || point[1] === undefined) continue;
      const off = Math.abs(point[0] - x);
      if (off > (spec.reach ?? Infinity)) continue;
      if (off < nearest) { nearest = off; this.found = point[0]; }
      rows.push({ name: line.name, color: line.color, text: (spec.exact ?? spec.y.text)(point[1]) });
      if (!spec.y.log || point[1] > 0) dots.push(svg("circle", { class: `dot ${line.color}`, cx: this.x(point[0]).toFixed(1), cy: this.y(point[1]).toFixed(1), r: 3.5 }));
    }
    for (const rule of spec.rules) if (Math.abs(this.x(rule.at) - this.x(x)) < 6) rows.push({ name: rule.title, color: rule.color, text: "" });
    const at = this.x(this.found).toFixed(1);
    this.cursor.replaceChildren(svg("line", { x1: at, x2: at, y1: this.box.top, y2: this.box.bottom }), ...dots);
    return rows;
  }
}

const middle = bar => (bar.from + bar.to) / 2;

/** The point nearest to x; points are sorted. */
function closest(points, x) {
  let low = 0, high = points.length - 1;
  while (low < high) {
    const half = (low + high) >> 1;
    if (points[half][0] < x) low = half + 1; else high = half;
  }
  return low > 0 && x - points[low - 1][0] < points[low][0] - x ? points[low - 1] : points[low];
}
