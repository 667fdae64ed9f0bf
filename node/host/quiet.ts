import type { ComponentLogger, Logger } from '@libp2p/interface'

const nothing = (): void => undefined
const quiet: Logger = Object.assign(nothing, {
  error: nothing,
  trace: nothing,
  enabled: false,
  newScope: () => quiet,
})

/** libp2p formats a line or two per packet even when nobody reads them; this logger costs nothing. */
export const quietLogger: ComponentLogger = { forComponent: () => quiet }
