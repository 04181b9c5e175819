#!/usr/bin/env node
// Checks an audit bundle of Runledger. One file, nothing but Node (18 or later), no network, none of Runledger's code.
//
//   node verify.mjs <bundle.ndjson | -> [--key <key>]… [--checkpoint <file>]…
//
// --key         a key that you trust, as its owner told you: <name>+<id>+<base64>. Without it only the keys in the bundle are known,
//               and whoever could forge the bundle could forge these.
// --checkpoint  a checkpoint that you kept, or got from elsewhere: the log must continue it.
//
// Exit code 0: all is proven. 1: something was tampered with, and is named. 2: it could not be read. 3: nothing is wrong, but the
// bundle does not say whether it continues your checkpoint: ask for it with ?since=<size of the checkpoint>.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createReadStream, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
export const leafHash = text => sha256('\0', text);
const nodeHash = (left, right) => sha256('\x01', left, right);
const bytes = text => Buffer.from(String(text), 'base64');
const half = number => Math.floor(number / 2);

/** What was tampered with, in words. */
export class Tampered extends Error {}

function must(holds, message) {
  if (!holds) throw new Tampered(message);
}

/** RFC 8785. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map(name => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

/** The levels above the leaves (RFC 9162, 2.1). */
function heightOf(size) {
  let height = 0;
  for (let width = 1; width < size; width *= 2) height += 1;
  return height;
}

/**
 * Follows a proof from a leaf upwards, to level `top`. Answers the hashes on the way and beside it; undefined when the proof is too
 * short or too long.
 */
function climb(leaf, hash, { size, proof, top }) {
  const [path, beside, rest] = [[hash], [], proof.map(bytes)];
  for (let level = 0, index = leaf; level < top; level += 1, index = half(index)) {
    const isLeft = index % 2 === 0;
    const exists = (isLeft ? index + 1 : index - 1) * 2 ** level < size;
    const other = exists ? rest.shift() : undefined;
    if (exists && other?.length !== 32) return undefined;
    beside[level] = other;
    if (!exists) path[level + 1] = path[level];
    else path[level + 1] = isLeft ? nodeHash(path[level], other) : nodeHash(other, path[level]);
  }
  return rest.length === 0 ? { path, beside } : undefined;
}

/** RFC 9162, 2.1.3.2. Hashes are buffers, the proof is in base64. */
export function provesInclusion({ leaf, size, hash, root, proof }) {
  if (!Number.isSafeInteger(leaf) || leaf < 0 || leaf >= size) return false;
  const top = heightOf(size);
  return climb(leaf, hash, { size, proof, top })?.path[top].equals(root) ?? false;
}

/** RFC 9162, 2.1.4.2. */
export function provesConsistency({ from, to, rootFrom, rootTo, proof }) {
  if (from === to) return proof.length === 0 && rootFrom.equals(rootTo);
  if (from === 0) return proof.length === 0;
  if (from > to) return false;
  const hashes = proof.map(bytes);
  if (hashes.some(hash => hash.length !== 32)) return false;
  if (Number.isInteger(Math.log2(from))) hashes.unshift(rootFrom);
  let [fn, sn] = [from - 1, to - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [hashes[0], hashes[0]];
  if (!fr) return false;
  for (const hash of hashes.slice(1)) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else sr = nodeHash(sr, hash);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && fr.equals(rootFrom) && sr.equals(rootTo);
}

/** `<name>+<id>+<base64 of 0x01 and the Ed25519 key>` (C2SP signed-note). */
export function readKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(String(text).trim()) ?? [];
  const raw = bytes(encoded ?? '');
  const keyId = sha256(`${name}\n`, raw).subarray(0, 4);
  must(raw.length === 33 && raw[0] === 1 && keyId.toString('hex') === id, `this is no Ed25519 key: ${text}`);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw.subarray(1)]);
  return { text: String(text).trim(), name, id, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
}

/** The text of a signed note; undefined when none of the keys has signed it. */
function signedText(note, keys) {
  const cut = String(note).lastIndexOf('\n\n');
  const text = String(note).slice(0, cut + 1);
  for (const [, name, encoded] of String(note)
    .slice(cut + 2)
    .matchAll(/^— (\S+) (\S+)$/gm)) {
    const signature = bytes(encoded);
    const id = signature.subarray(0, 4).toString('hex');
    const signer = keys.find(key => key.name === name && key.id === id);
    if (cut >= 0 && signer && verify(null, Buffer.from(text), signer.key, signature.subarray(4))) return text;
  }
  return undefined;
}

/** The text of a signed note, if one of the keys has signed it. */
export function openNote(note, keys, what) {
  const text = signedText(note, keys);
  must(text !== undefined, `${what} is not signed by a key that is trusted here`);
  return text;
}

function openCheckpoint(note, keys, what) {
  const [origin, size, root, about] = openNote(note, keys, what).split('\n');
  must(/^\d+$/.test(size) && Number.isSafeInteger(Number(size)), `${what} has no size`);
  return { origin, size: Number(size), root: bytes(root), about };
}

/**
 * Keys that are given, and those that one of them has handed over to, one after the other. Changes before the first given key
 * say nothing to who does not know the keys before it, and take nothing away.
 */
function trustedKeys(offered, given) {
  if (given.length === 0) return offered.map(({ key }) => readKey(key));
  const trusted = given.map(readKey);
  for (const { key, statement } of offered) {
    if (statement === undefined || trusted.some(({ text }) => text === key)) continue;
    const expected = `runledger key change\n${key}\n`;
    if (signedText(statement, trusted) === expected) trusted.push(readKey(key));
  }
  return trusted;
}

/** Throws {@link Tampered}, or answers why the bundle cannot be compared with the checkpoint. */
function compare({ checkpoint, consistency }, held) {
  const mine = `your checkpoint of ${held.size} entries`;
  must(held.origin === checkpoint.origin, `${mine} is of another log (${held.origin})`);
  must(
    held.size <= checkpoint.size,
    `the log has ${checkpoint.size} entries and ${mine} was signed: the log was cut, or the bundle is older`,
  );
  if (held.size === checkpoint.size) {
    must(
      held.root.equals(checkpoint.root),
      `history was forked: the same log was signed twice, differently, at ${held.size} entries`,
    );
    return undefined;
  }
  if (consistency?.from !== held.size)
    return `it does not say whether it continues ${mine}: ask for it with since=${held.size}`;
  const proof = {
    from: held.size,
    to: checkpoint.size,
    rootFrom: held.root,
    rootTo: checkpoint.root,
    proof: consistency.proof,
  };
  must(provesConsistency(proof), `history was rewritten: the log does not continue ${mine}`);
  return undefined;
}

function readHeader(line, options) {
  const header = parsed(line);
  must(header?.format === 'runledger.audit' && header.version === 3, 'this is not an audit bundle of version 3');
  must(
    Array.isArray(header.keys) && isRecord(header.scope),
    'this is not the first line of an audit bundle: it was edited',
  );
  const keys = trustedKeys(header.keys, options.keys);
  const checkpoint = openCheckpoint(header.checkpoint, keys, 'the checkpoint of the bundle');
  const bundle = { ...header, trusted: keys, checkpoint };
  const held = options.checkpoints.map((note, at) => openCheckpoint(note, keys, `checkpoint ${at + 1} that you gave`));
  return { ...bundle, held, unknown: held.map(one => compare(bundle, one)).filter(Boolean) };
}

function parsed(line) {
  try {
    const value = JSON.parse(line);
    const text = canonical(value);
    must(
      text !== line.slice(0, -1) || !line.endsWith('\r'),
      'a carriage return was put at its end, as editors and mail programs do',
    );
    must(text === line, 'the line is not in canonical form: it was edited');
    return value;
  } catch (error) {
    if (error instanceof Tampered) throw error;
    throw new Tampered(`the line is not JSON: ${noJsonBecause(line)}`);
  }
}

/** What programs do to a file that nobody meant to change. */
function noJsonBecause(line) {
  if (line === '') return 'it is empty';
  if (line.startsWith('\uFEFF')) return 'a byte order mark was put before it, as editors do when they save a file';
  if (line.startsWith('\x1F\uFFFD')) return 'the file is packed (gzip). Unpack it first';
  if (line.includes('\0')) return 'the file is no UTF-8 text, or zeros were put into it';
  return 'it was cut or edited';
}

function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of a line that has another shape nobody can say which event it is of. */
function isEvent({ entry, proof }) {
  if (!isRecord(entry) || typeof entry.id !== 'string' || typeof entry.type !== 'string') return false;
  const parts = [entry.metadata, entry.story ?? {}, entry.workspace];
  return parts.every(isRecord) && (proof === undefined || Array.isArray(proof));
}

/** What is known after a line: the last event, and the nodes of the tree on and beside its way to the root. */
function takeEvent(bundle, { entry, leaf, proof }, last) {
  const { scope, checkpoint } = bundle;
  const isRun = scope.runId !== undefined;
  const [link, whose] = isRun ? [entry.story, 'run'] : [entry.workspace, 'workspace'];
  must(entry.workspaceId === bundle.workspaceId, 'it is of another workspace');
  must(!isRun || entry.metadata.correlationId === scope.runId, 'it is of another run');
  must(leaf !== null, 'it was put into the store from behind: it is no part of the sealed log');
  const expected = last ? last.n + 1 : isRun || scope.from === undefined ? 0 : link.n;
  must(
    link.n >= expected,
    `it is out of order, or was inserted: it says it is event ${link.n} of the ${whose}, where ${expected} is due`,
  );
  must(
    link.n === expected,
    `before it, event ${expected}${link.n - expected > 1 ? ` to ${link.n - 1}` : ''} of the ${whose} is missing`,
  );
  must(Number.isSafeInteger(leaf) && leaf >= 0, 'its place in the log is no number of an entry');
  must(leaf < checkpoint.size, 'it lies behind the end of the log that was signed');
  must(!last || leaf > last.leaf, 'it is out of order: its place in the log is before that of the line above');
  const hash = leafHash(canonical(entry));
  const nodes = provenNodes(checkpoint, { leaf, hash, proof }, last);
  must(nodes, 'it is not what was sealed in the log: it, or its proof, was edited');
  const prev = last ? last.hash.toString('base64') : null;
  must(link.prev === prev || (!last && !isRun), `it does not follow the event above in the chain of the ${whose}`);
  return { n: link.n, leaf, hash, recordedAt: entry.recordedAt, ...nodes };
}

function provenNodes({ size, root }, { leaf, hash, proof }, last) {
  let top = last ? 0 : heightOf(size);
  while (last && Math.floor(last.leaf / 2 ** (top + 1)) !== Math.floor(leaf / 2 ** (top + 1))) top += 1;
  const climbed = climb(leaf, hash, { size, proof, top });
  const expected = last ? last.beside[top] : root;
  if (!climbed || !expected || !climbed.path[top].equals(expected)) return undefined;
  if (!last) return climbed;
  const path = [...climbed.path, ...last.path.slice(top + 1)];
  return { path, beside: [...climbed.beside, last.path[top], ...last.beside.slice(top + 1)] };
}

function takeEnd({ trusted, checkpoint, workspaceId, scope }, { events, head }, { count, last }) {
  const chain = `workspaces/${workspaceId}${scope.runId === undefined ? '' : `/runs/${scope.runId}`}`;
  const signed = openCheckpoint(head, trusted, 'the head at the end');
  must(signed.origin === `${checkpoint.origin}/${chain}`, `the head at the end is of ${signed.origin}`);
  const changed = events > count ? 'the tail was cut' : 'events were added, or the number was edited';
  must(events === count, `${events} events were written and ${count} are here: ${changed}`);
  const [n, hash] = last ? [last.n + 1, last.hash] : [signed.size, signed.root];
  must(signed.size <= n, `${signed.size} events were signed and only ${n} are here: the tail was cut`);
  must(
    signed.size === n && signed.root.equals(hash),
    `the head at the end is not that of the last event: events were added`,
  );
  must(
    signed.about === canonical({ events, scope, size: checkpoint.size }),
    `the head at the end was signed for another bundle (${signed.about}): this one was cut, or put together of two`,
  );
}

/** Reads a bundle line by line, in bounded memory. Answers what is proven; throws {@link Tampered} naming line and event. */
export async function verifyBundle(lines, options = {}) {
  const { keys = [], checkpoints = [] } = options;
  const state = { bundle: undefined, last: undefined, first: undefined, count: 0, ended: false };
  let number = 0;
  for await (const line of lines) {
    number += 1;
    try {
      must(!state.ended, 'something follows the end of the bundle');
      if (!state.bundle) state.bundle = readHeader(line, { keys, checkpoints });
      else takeLine(state, parsed(line));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new Tampered(`line ${number}${number > 1 ? nameOf(line) : ''}: ${error.message}`);
    }
  }
  must(number > 0, 'the bundle is empty');
  must(state.ended, `the bundle was cut: it has ${number} line${number === 1 ? '' : 's'} and no end`);
  return { ...state, ...state.bundle };
}

function takeLine(state, value) {
  must(isRecord(value) && (isRecord(value.end) || isEvent(value)), 'it is no line of an audit bundle: it was edited');
  if (value.end !== undefined) {
    takeEnd(state.bundle, value.end, state);
    state.ended = true;
    return;
  }
  state.last = takeEvent(state.bundle, value, state.last);
  state.first ??= state.last;
  state.count += 1;
}

function nameOf(line) {
  try {
    const { entry, leaf } = JSON.parse(line);
    return typeof entry?.id === 'string' ? `, event ${entry.id} (${entry.type}, leaf ${leaf})` : '';
  } catch {
    return '';
  }
}

/** What is proven, for people. */
function report({ scope, workspaceId, count, first, last, checkpoint, trusted, held }, hasKey) {
  const span =
    scope.runId === undefined
      ? `workspace ${workspaceId}, ${scope.from ?? 'the beginning'} to ${scope.to ?? 'now'}`
      : scope.runId;
  const whole = last ? `events ${first.n} to ${last.n}, none missing` : 'no events';
  return [
    `OK  ${span}: ${count} lines (${whole}), each as it was sealed in ${checkpoint.origin}, a log of ${checkpoint.size} entries`,
    ...held.map(({ size }) => `    The log continues your checkpoint of ${size} entries.`),
    hasKey
      ? `    Signed by ${trusted.at(-1).name}+${trusted.at(-1).id}, which your key vouches for.`
      : '    Signed by a key that only the bundle itself names: give --key to know who signed.',
  ];
}

/** Lines end with a line feed and nothing else: other separators may stand in texts. */
async function* linesOf(input) {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** What you gave is no evidence against the bundle. */
function asArgument(what, check) {
  try {
    check();
  } catch (error) {
    throw new TypeError(`${what}: ${error.message}`);
  }
}

function mustBeNote(note) {
  must(
    /^\S+\n\d+\n\S+\n(.*\n)*\n(— \S+ \S+\n?)+$/.test(note),
    'this is no checkpoint; keep the whole text of `note`, line by line',
  );
}

const USAGE = 'Usage: node verify.mjs <bundle.ndjson | -> [--key <key>]… [--checkpoint <file>]…';
/** What stands at the head of this file, which who runs it through npx never opens. */
const HELP = `${USAGE}

Checks an audit bundle of Runledger (- reads it from standard input), with nothing but this program: no network, no database.

  --key <key>          a key that you trust, as its owner told you: <name>+<id>+<base64>; may be given more than once.
                       Without it only the keys in the bundle are known, and whoever could forge the bundle could forge these.
  --checkpoint <file>  a checkpoint that you kept, or got from elsewhere: the log must continue it; may be given more than once.
  -h, --help           shows this.

Exit code 0: all is proven. 1: something was tampered with, and is named. 2: it could not be read. 3: nothing is wrong, but the
bundle does not say whether it continues your checkpoint: ask for it with ?since=<size of the checkpoint>.`;

async function main() {
  const texts = { type: 'string', multiple: true };
  const options = { key: texts, checkpoint: texts, help: { type: 'boolean', short: 'h' } };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals.length !== 1) throw new TypeError(USAGE);
  const [file] = positionals;
  const { key: keys = [], checkpoint: files = [] } = values;
  for (const key of keys) asArgument(`--key ${key}`, () => readKey(key));
  const checkpoints = files.map(path => `${readFileSync(path, 'utf8').trimEnd()}\n`); // programs end what they print with one more
  checkpoints.forEach((note, at) => asArgument(`--checkpoint ${files[at]}`, () => mustBeNote(note)));
  // Opened last: a file that is not there fails where somebody reads it, and nowhere else.
  const input = file === '-' ? process.stdin : createReadStream(file);
  const result = await verifyBundle(linesOf(input), { keys, checkpoints });
  console.log(report(result, keys.length > 0).join('\n'));
  for (const why of result.unknown) console.error(`??  ${why}`);
  return result.unknown.length > 0 ? 3 : 0;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main().catch(error => {
    const isTampered = error instanceof Tampered;
    console.error(isTampered ? `BAD ${error.message}` : error.message);
    return isTampered ? 1 : 2;
  });
}
