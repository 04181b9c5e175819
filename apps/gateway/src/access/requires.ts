import type { Scope } from '@runledger/contracts';
import { REQUIREMENT } from '@runledger/platform';
import { SetMetadata } from '@nestjs/common';

/** What an entry point asks of its caller: one scope, any valid token, or nothing at all (`OpenToAll`: health, pages without data). */
export type Requirement = Scope | 'token' | 'open';

/**
 * Declares the scope of one query, mutation, subscription or route. The access guard denies entry points without this
 * declaration, so forgetting it closes a door rather than opening one (G2).
 */
export const Requires = (scope: Scope): MethodDecorator => SetMetadata<string, Requirement>(REQUIREMENT, scope);

/** Declares an entry point about the caller's own affairs: any valid token will do. */
export const RequiresToken = (): MethodDecorator => SetMetadata<string, Requirement>(REQUIREMENT, 'token');
