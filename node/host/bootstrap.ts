import { type Clock, jitter, type Logger, messageOf, type Random } from '#node/kit'
import type { Host } from './types.ts'

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000

/**
 * Stays connected to the given addresses: each is dialled at once, again after it was lost, and with growing, jittered
 * pauses while it does not answer, so that a fleet that restarts does not dial in step. Ends when the signal fires.
 */
export async function keepBootstrapPeers(
  host: Host,
  addresses: readonly string[],
  options: { clock: Clock; random: Random; logger: Logger; signal: AbortSignal },
): Promise<void> {
  await Promise.all(addresses.map(address => keepOne(host, address, options)))
}

async function keepOne(
  host: Host,
  address: string,
  options: { clock: Clock; random: Random; logger: Logger; signal: AbortSignal },
): Promise<void> {
  const { clock, random, logger, signal } = options
  let pauseMs = FIRST_RETRY_MS
  while (!signal.aborted) {
    try {
      await host.connect(address, { signal })
      pauseMs = LONGEST_RETRY_MS / 4
    } catch (error) {
      if (signal.aborted) return
      logger.debug('bootstrap-failed', { address, error: messageOf(error) })
    }
    await clock.sleep(jitter(pauseMs, 0.5, random), { signal }).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 2, LONGEST_RETRY_MS)
  }
}
