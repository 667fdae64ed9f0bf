import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Instruments } from './instruments.ts'

const RESOLUTION_MS = 10
const NANOSECONDS = 1e9
const QUANTILES = [50, 99] as const

/** The process itself: memory, processor, how long others wait for the event loop. Returns what ends the measuring. */
export function processMetrics(instruments: Instruments, version: string): () => void {
  const info = instruments.gauge({
    name: 'vigo_build_info',
    help: 'Always 1; the version is in the label.',
    labels: { version: 'of the program', node: 'version of Node' },
  })
  info.set({ version, node: process.version }, 1)
  const started = instruments.gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, Unix seconds.',
  })
  started.set(Math.round(Date.now() / 1000 - process.uptime()))
  const memory = instruments.gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory that the process has in RAM.',
  })
  const heap = instruments.gauge({ name: 'vigo_heap_used_bytes', help: 'Memory of JavaScript objects in use.' })
  const cpu = instruments.counter({ name: 'process_cpu_seconds_total', help: 'Processor time, user and system.' })
  const files = instruments.gauge({ name: 'process_open_fds', help: 'Open files and sockets.' })
  const lag = instruments.gauge({
    name: 'vigo_event_loop_lag_seconds',
    help: 'How late timers ran since the last reading.',
    labels: { quantile: '0.5, 0.99, 1' },
  })
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let usedBefore = 0
  instruments.collect(async () => {
    memory.set(process.memoryUsage.rss())
    heap.set(process.memoryUsage().heapUsed)
    const { user, system } = process.cpuUsage()
    const used = (user + system) / 1e6
    cpu.inc(Math.max(0, used - usedBefore))
    usedBefore = used
    setLag(delay, (quantile, seconds) => lag.set({ quantile }, seconds))
    files.set((await readdir('/proc/self/fd')).length)
  })
  return () => {
    delay.disable()
  }
}

/** The timer itself comes every `RESOLUTION_MS`; what is beyond that is delay. */
function setLag(
  delay: ReturnType<typeof monitorEventLoopDelay>,
  set: (quantile: string, seconds: number) => void,
): void {
  const beyond = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000) : 0
  for (const quantile of QUANTILES) set(String(quantile / 100), beyond(delay.percentile(quantile)))
  set('1', delay.count === 0 ? 0 : beyond(delay.max))
  delay.reset()
}
