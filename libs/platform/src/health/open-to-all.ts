import { SetMetadata } from '@nestjs/common';

/** Under this key an entry point declares what it asks of its caller; the gateway's guard denies those that declare nothing. */
export const REQUIREMENT = 'runledger:requirement';

/** Declares an entry point that shows nothing of any workspace and needs no token. */
export const OpenToAll = (): MethodDecorator => SetMetadata<string, 'open'>(REQUIREMENT, 'open');
