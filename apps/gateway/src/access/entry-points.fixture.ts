import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { REQUIREMENT } from '@runledger/platform';
import type { TestGateway } from '../gateway.fixture.js';
import type { Requirement } from './requires.js';

export const ROOTS = ['Query', 'Mutation', 'Subscription'] as const;
/** Metadata of `@nestjs/graphql`: the type that a handler resolves a field of, and the field's name. */
const RESOLVER_TYPE = 'graphql:resolver_type';
const RESOLVER_NAME = 'graphql:resolver_name';

/** A handler that the world can reach, with what it declares. */
export interface EntryPoint {
  /** `Query.run`, or class and method of a route. */
  readonly name: string;
  readonly requirement: Requirement | undefined;
  /** Of routes. */
  readonly route?: { readonly method: string; readonly path: string };
}

/** Every query, mutation, subscription and route of the gateway. */
export function entryPoints(gateway: TestGateway): readonly EntryPoint[] {
  const modules = [...gateway.app.get(ModulesContainer).values()];
  const classes = modules.flatMap(one => [...one.providers.values(), ...one.controllers.values()]);
  const found = new Map<unknown, EntryPoint>();
  for (const { metatype } of classes) {
    if (typeof metatype !== 'function' || !metatype.prototype) continue;
    const prototype = metatype.prototype as Record<string, unknown>;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const handler = Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown;
      const entry = typeof handler === 'function' ? entryPoint(metatype, name, handler) : undefined;
      if (entry) found.set(handler, entry);
    }
  }
  return [...found.values()];
}

function entryPoint(metatype: { readonly name: string }, name: string, handler: object): EntryPoint | undefined {
  const requirement = Reflect.getMetadata(REQUIREMENT, handler) as Requirement | undefined;
  const type = Reflect.getMetadata(RESOLVER_TYPE, handler) as string | undefined;
  if (type !== undefined && (ROOTS as readonly string[]).includes(type)) {
    return { name: `${type}.${String(Reflect.getMetadata(RESOLVER_NAME, handler))}`, requirement };
  }
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
  if (method === undefined) return undefined;
  const parts = [Reflect.getMetadata(PATH_METADATA, metatype), Reflect.getMetadata(PATH_METADATA, handler)];
  const path = `/${parts.filter(part => typeof part === 'string' && part !== '/').join('/')}`;
  return { name: `${metatype.name}.${name}`, requirement, route: { method: RequestMethod[method] ?? 'GET', path } };
}
