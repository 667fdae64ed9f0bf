import type { Logger } from '#node/kit'
import type { Masker } from './mask.ts'

/** A log that never has a secret in it, whoever writes to it. */
export function masked(logger: Logger, masker: () => Masker): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: object = {}, message?: string): void => {
      const now = masker()
      logger[level](event, now.maskDeep(fields), message === undefined ? undefined : now.mask(message))
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: fields => masked(logger.child(masker().maskDeep(fields)), masker),
  }
}
