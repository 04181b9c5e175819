/** Where a consumer writes what operators should know; a pino logger fits. Event data never goes there. */
export interface ConsumerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const SILENT: ConsumerLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
