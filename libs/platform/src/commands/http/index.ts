export { CommandIntake } from './command-intake.js';
export type { ArrivedCommand, CommandAnswer, CommandIntakeOptions } from './command-intake.js';
export { HttpCommands } from './http-commands.js';
export type { HttpCommandsOptions } from './http-commands.js';
export * from './http-errors.js';
export { makeServiceKeys, readPublicKeys, readSigningKey, ServiceKeyError } from './service-keys.js';
export { ServiceTokenCheck, ServiceTokenSigner } from './service-tokens.js';
export type { ServiceTokenCheckOptions, TokenPurpose } from './service-tokens.js';
