/** Who takes which events, asked of the code itself: reactors and projections say it when they are made. */
import { Approval } from '@runledger/approval';
import { Billing } from '@runledger/billing';
import { catalogue } from '@runledger/contracts';
import { PROJECTIONS } from '@runledger/gateway';
import { Orchestrator } from '@runledger/orchestrator';
import { claimReactor, fileRetention } from '@runledger/sandbox';

/** Stands for whatever a reactor works with: nothing of it is used until an event comes. */
const ANYTHING = new Proxy(function anything() {}, {
  get: (_target, member) => (member === Symbol.iterator ? [][Symbol.iterator].bind([]) : ANYTHING),
  apply: () => ANYTHING,
  construct: () => ANYTHING,
});

/** `{ service, name, kind, types }`; types are empty for who takes everything. */
export function consumers() {
  const reactors = [
    ...new Orchestrator(ANYTHING, {}).reactors(),
    ...new Billing(ANYTHING).reactors(),
    ...new Approval(ANYTHING).reactors(),
    claimReactor(ANYTHING, ANYTHING),
    fileRetention(ANYTHING, ANYTHING),
  ].map(({ name, types }) => ({ service: name.split('.')[0], name, kind: 'reactor', types }));
  const projections = PROJECTIONS.map(({ name, types }) => ({ service: 'gateway', name, kind: 'projection', types }));
  // The sealer takes the whole log, whatever is in it, and the relay passes it on.
  const everything = [
    { service: 'audit', name: 'audit.sealer', kind: 'sealer', types: [] },
    { service: 'relay', name: 'kafka', kind: 'relay', types: [] },
  ];
  return [...reactors, ...projections, ...everything];
}

/** By event type: those that name it, then those that take everything. Throws for a type that is not in the catalogue. */
export function consumersByType(all = consumers()) {
  const unknown = all.flatMap(({ types }) => types).filter(type => !catalogue.find(type));
  if (unknown.length > 0) throw new Error(`Consumers take events that do not exist: ${unknown.join(', ')}.`);
  const of = type => all.filter(({ types }) => types.length === 0 || types.includes(type));
  return new Map(
    catalogue.definitions().map(({ type }) => [
      type,
      of(type).map(({ service, name, kind, types }) => ({
        service,
        name,
        kind,
        takes: types.length === 0 ? 'all' : 'named',
      })),
    ]),
  );
}
