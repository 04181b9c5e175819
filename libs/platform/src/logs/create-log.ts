import type { LoggerService } from '@nestjs/common';
import { destination as openDestination, pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { currentFields } from '../traces/work.js';
import { redact } from './redact.js';

export type Log = Logger;

export interface LogOptions {
  readonly level?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** In every line. */
  readonly service?: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * One JSON object per line, with the run, command and trace of the work that wrote it. Whatever looks like a secret is taken
 * out of the finished line, wherever it stands in it.
 */
export function createLog(options: LogOptions = {}): Log {
  const out = options.destination ?? openDestination({ dest: 1, sync: true });
  const settings = {
    level: options.level ?? 'info',
    base: options.service === undefined ? {} : { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => ({ ...currentFields() }),
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(settings, { write: line => out.write(redact(line)) });
}

/** Lets Nest write to our log. Nest passes the context as the last argument, and a stack before it for errors. */
export class NestLog implements LoggerService {
  constructor(private readonly out: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  #write(level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace', message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? rest.pop() : undefined;
    const more = rest.filter(item => item !== undefined);
    const fields = { ...(context === undefined ? {} : { context }), ...(more.length === 0 ? {} : { more }) };
    if (message instanceof Error) this.out[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'string') this.out[level](fields, message);
    else this.out[level]({ ...fields, ...(message as object) });
  }
}
