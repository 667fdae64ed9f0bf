/**
 * Runs a daemon until SIGINT or SIGTERM: `start` opens it, `close` is given 15 seconds, and a second signal ends the process
 * at once.
 */
export async function runUntilSignal(
  start: (signal: AbortSignal) => Promise<{ close(): Promise<void> }>,
): Promise<void> {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const daemon = await start(stop.signal)
  if (!stop.signal.aborted) {
    await new Promise<void>(resolve => stop.signal.addEventListener('abort', () => resolve(), { once: true }))
  }
  const forced = setTimeout(() => process.exit(1), 15_000)
  await daemon.close()
  clearTimeout(forced)
}
