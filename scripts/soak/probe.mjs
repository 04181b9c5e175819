/**
 * Loaded into the platform (`node --import`) by what tries it: measures how late the writer's events come to each stage of their way,
 * and what holds the platform's thread up. Each of those events begins with when it was appended, by the machine's monotonic clock.
 */
import { subscribe } from 'node:diagnostics_channel';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { percentiles, WRITTEN } from './figures.mjs';

const RESOLUTION_MS = 5;
/** What was appended sooner behind a subscription's first item was made up for, as readers reckon it too. */
const SETTLED_NS = 1_000_000_000n;
/** Of an item, in bytes: texts say when they were appended at their beginning. */
const LOOKED_AT = 2_000;
const IN_ITEM = /"text":"(\d{9,});/;
const IN_TEXT = /^(\d{9,});/;

const begunAt = new WeakMap();
/** What was found in an item's bytes, which are the same for all its readers. */
const found = new WeakMap();
const turns = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let stages = new Map();
let collections = [];
let cpuBefore = process.cpuUsage();

subscribe('runledger:stages', ({ stage, events }) => {
  const now = process.hrtime.bigint();
  for (const { data } of events) note(stage, IN_TEXT.exec(data?.text ?? ''), { now });
});
subscribe('runledger:items', ({ json, subscription }) => {
  const now = process.hrtime.bigint();
  const begun = begunAt.get(subscription) ?? now;
  if (begun === now) begunAt.set(subscription, now);
  note(WRITTEN, foundIn(json), { now, since: begun + SETTLED_NS });
});
new PerformanceObserver(list => collections.push(...list.getEntries().map(({ duration }) => duration))).observe({
  entryTypes: ['gc'],
});
turns.enable();

process.on('message', message => {
  if (message === 'begin') begin();
  else process.send(read());
});
// The platform ends as it would without us.
process.channel?.unref();

function begin() {
  stages = new Map();
  collections = [];
  turns.reset();
  cpuBefore = process.cpuUsage();
}

function read() {
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    stages: Object.fromEntries([...stages].map(([stage, lateMs]) => [stage, percentiles(lateMs)])),
    heldUpMs: { p50: heldUp(turns.percentile(50)), p99: heldUp(turns.percentile(99)), max: heldUp(turns.max) },
    collectionMs: percentiles(collections),
    cpuSeconds: { user: user / 1e6, system: system / 1e6 },
  };
}

/** What is measured in ns is when a timer came that was set for its resolution: what is beyond that was in its way. */
function heldUp(ns) {
  return Math.max(0, ns / 1e6 - RESOLUTION_MS);
}

function foundIn(json) {
  if (!found.has(json)) found.set(json, IN_ITEM.exec(json.toString('latin1', 0, LOOKED_AT)));
  return found.get(json);
}

function note(stage, text, { now, since = 0n }) {
  const appendedAt = text ? BigInt(text[1]) : undefined;
  if (appendedAt === undefined || appendedAt < since) return;
  const lateMs = stages.get(stage) ?? [];
  stages.set(stage, lateMs);
  lateMs.push(Number(now - appendedAt) / 1e6);
}
