import { destination, type Logger as PinoLogger, pino } from 'pino'
import type { Logger, LogLevel } from '#node/kit'

/** JSON lines on standard error (or the given file descriptor), written synchronously so that a crash loses none. */
export function createLogger(options: { level?: LogLevel; fd?: number } = {}): Logger {
  const base = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { error: (error: unknown) => (error instanceof Error ? error.message : error) },
    },
    destination({ fd: options.fd ?? 2, sync: true }),
  )
  return wrap(base)
}

function wrap(base: PinoLogger): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: object = {}, message?: string): void =>
      base[level]({ event, ...fields }, message)
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: fields => wrap(base.child(fields)),
  }
}
