"use strict";

// Figures as people read them.

const wholeNumber = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Three digits that say something, never an exponent: 0.0123, 1.23, 12.3, 1,234. */
function figure(value) {
  if (Math.abs(value) >= 999.5) return wholeNumber.format(value);
  return String(Number(value.toPrecision(3)));
}

const count = value => wholeNumber.format(value);

/** For axes: 950, 1.2k, 40k, 1.5M. */
function shortCount(value) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(value) >= size) return figure(value / size) + unit;
  return figure(value);
}

/** Microseconds. */
function latency(value) {
  if (value < 999.5) return figure(value) + " µs";
  if (value < 999500) return figure(value / 1e3) + " ms";
  if (value < 120e6) return figure(value / 1e6) + " s";
  return figure(value / 60e6) + " min";
}

/** Seconds, as a length. */
function length(seconds) {
  if (seconds < 120) return figure(seconds) + " s";
  const parts = [[Math.floor(seconds / 3600), "h"], [Math.floor(seconds / 60) % 60, "min"], [Math.round(seconds % 60), "s"]];
  return parts.filter(([value]) => value > 0).slice(0, 2).map(([value, unit]) => `${value} ${unit}`).join(" ");
}

/** Seconds, as a moment of the run: 12, 1:05 or 2:00:05. */
function moment(seconds, span) {
  if (span <= 120) return figure(seconds);
  const sign = seconds < 0 ? "-" : "", whole = Math.abs(Math.round(seconds));
  const two = value => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return span < 7200 ? `${sign}${minutes}:${two(whole % 60)}` : `${sign}${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** The unit in which a value is at least 1. */
function byteUnit(value) {
  const power = Math.min(byteUnits.length - 1, Math.max(0, Math.floor(Math.log(Math.abs(value)) / Math.log(1024))));
  return { size: 1024 ** power, unit: byteUnits[power] };
}

function bytes(value) {
  const { size, unit } = byteUnit(value);
  return `${figure(value / size)} ${unit}`;
}

/** A share of 1. No error must never look like few errors, nor few like none. */
function percent(share) {
  if (share === 0) return "0%";
  if (share < 0.0001) return "< 0.01%";
  if (share < 1 && share > 0.9999) return "> 99.99%";
  return share < 0.1 ? Number((share * 100).toPrecision(2)) + "%" : Number((share * 100).toFixed(1)) + "%";
}

// Ticks at figures people like.

/** About `wanted` round values from `low` to `high`. */
function roundTicks(low, high, wanted) {
  const rough = (high - low) / wanted, power = 10 ** Math.floor(Math.log10(rough));
  return multiples(low, high, power * [1, 2, 5, 10].find(factor => power * factor >= rough * 0.999));
}

const clockSteps = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

function clockTicks(low, high, wanted) {
  const rough = (high - low) / wanted;
  if (rough <= 1) return roundTicks(low, high, wanted);
  return multiples(low, high, clockSteps.find(step => step >= rough) ?? 86400 * Math.ceil(rough / 86400));
}

function byteTicks(low, high, wanted) {
  const { size } = byteUnit(high);
  return roundTicks(low / size, high / size, wanted).map(value => value * size);
}

function wholeTicks(low, high, wanted) {
  return high - low <= wanted ? multiples(low, high, 1) : roundTicks(low, high, wanted);
}

/** Powers of ten, and 2 and 5 times these where there is room. */
function logTicks(low, high, wanted) {
  const decades = Math.log10(high / low);
  const factors = decades * 3 <= wanted ? [1, 2, 5] : decades * 2 <= wanted ? [1, 3] : [1];
  const every = Math.max(1, Math.ceil(decades / wanted));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of power % every === 0 ? factors : [])
      if (10 ** power * factor >= low * 0.999 && 10 ** power * factor <= high * 1.001) ticks.push(10 ** power * factor);
  return ticks.length > 1 ? ticks : roundTicks(low, high, wanted);
}

function multiples(low, high, step) {
  const ticks = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index++) ticks.push(index * step);
  return ticks;
}
