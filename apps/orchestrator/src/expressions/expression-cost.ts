import type { ASTNode } from '@marcbachmann/cel-js';
import { operandsOf } from './expression-language.js';
import { loopOf } from './expression-profile.js';

/** How much there is to look at; see `ScopeMeasure`. */
export interface ScopeSize {
  readonly size: number;
  readonly longest: number;
}

/**
 * A bound of the work that an evaluation can take, found without evaluating: JavaScript cannot be interrupted. Each node
 * counts once per turn of the loops around it, and as much as the whole scope when it may look at all of it.
 */
export function costOf(root: ASTNode, { size, longest }: ScopeSize): number {
  const nodes = nodesOf(root);
  // Lists can be made longer by `+` alone; each one may add all of a list.
  const joins = nodes.filter(({ node }) => node.op === '+').length;
  const literals = nodes.flatMap(({ node }) => (node.op === 'list' ? [node.args.length] : []));
  const turns = Math.max(longest, ...literals) * (1 + joins);
  const all = size * (1 + joins);
  return nodes.reduce((sum, { node, loops }) => sum + (looksAtMuch(node) ? all : 1) * turns ** loops, 0);
}

interface PlacedNode {
  readonly node: ASTNode;
  readonly loops: number;
}

function nodesOf(node: ASTNode, loops = 0): PlacedNode[] {
  const loop = loopOf(node);
  const inner = operandsOf(node).flatMap(operand =>
    nodesOf(operand, loop && operand !== loop.over ? loops + 1 : loops),
  );
  // A loop itself takes its turns.
  return [{ node, loops: loop ? loops + 1 : loops }, ...inner];
}

function looksAtMuch(node: ASTNode): boolean {
  switch (node.op) {
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return !node.args.some(isShort);
    case 'in':
      return !(node.args[1].op === 'list' && node.args[1].args.every(isShort));
    case '+':
      return !node.args.some(isNumber);
    case 'call':
      return node.args[0] !== 'has';
    case 'rcall':
      return loopOf(node) === undefined;
    default:
      return false;
  }
}

/** Comparing with a written value ends with that value. */
function isShort(node: ASTNode): boolean {
  return node.op === 'value';
}

function isNumber(node: ASTNode): boolean {
  return node.op === 'value' && typeof node.args !== 'string';
}
