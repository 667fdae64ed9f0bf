/** For everything to close after the first signal. */
const CLOSE_MS = 15_000

/**
 * Runs a daemon until SIGINT or SIGTERM: `start` opens it, `close` and a start that is under way are given 15 seconds, and a
 * second signal ends the process at once. It ends the process, because libraries leave timers behind that would hold it up.
 */
export async function runUntilSignal(
  start: (signal: AbortSignal) => Promise<{ close(): Promise<void> }>,
): Promise<void> {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
    setTimeout(() => process.exit(1), CLOSE_MS).unref()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const daemon = await start(stop.signal)
  if (!stop.signal.aborted) {
    await new Promise<void>(resolve => stop.signal.addEventListener('abort', () => resolve(), { once: true }))
  }
  await daemon.close()
  process.exit()
}
