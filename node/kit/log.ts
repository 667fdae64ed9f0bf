export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Logs are events with fields: `log.warn('chunk-mismatch', { peer, blob }, 'what happened and what to do')`. */
export interface Logger {
  debug(event: string, fields?: object, message?: string): void
  info(event: string, fields?: object, message?: string): void
  warn(event: string, fields?: object, message?: string): void
  error(event: string, fields?: object, message?: string): void
  child(fields: object): Logger
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
}
