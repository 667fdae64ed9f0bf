import { findProgram, run } from './command.ts'
import type { Scope } from './scope.ts'

const BURST_BYTES = 64 * 1024
const LATENCY = '50ms'

export interface Site {
  /** For `Place.prefix`: runs a command inside. */
  readonly prefix: readonly string[]
  readonly ip: string
}

/**
 * Machines on one switch: a network namespace each, whose link is shaped to the same rate in both directions (tbf on both
 * ends of its veth pair). Everything is gone when the scope closes.
 */
export async function shapedSites(scope: Scope, count: number, bytesPerSecond: number): Promise<Site[]> {
  const ip = findProgram('ip') ?? 'ip'
  const tc = findProgram('tc') ?? 'tc'
  const tag = `vb${process.pid}`
  const bridge = `${tag}-br`
  const quiet = async (...args: string[]): Promise<unknown> => run(scope, ip, args)
  const shape = ['root', 'tbf', 'rate', `${bytesPerSecond * 8}bit`, 'burst', String(BURST_BYTES), 'latency', LATENCY]
  const sites: Site[] = []
  const undo = async (): Promise<void> => {
    const { spawnSync } = await import('node:child_process')
    for (let i = 0; i < count; i++) spawnSync(ip, ['netns', 'delete', `${tag}-${i}`], { stdio: 'ignore' })
    spawnSync(ip, ['link', 'delete', bridge], { stdio: 'ignore' })
  }
  scope.defer(undo)
  await quiet('link', 'add', bridge, 'type', 'bridge')
  await quiet('link', 'set', bridge, 'up')
  for (let i = 0; i < count; i++) {
    const name = `${tag}-${i}`
    const outside = `${tag}v${i}`
    const address = `10.231.77.${i + 1}`
    await quiet('netns', 'add', name)
    await quiet('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    await quiet('link', 'set', outside, 'master', bridge, 'up')
    await quiet('-n', name, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    await quiet('-n', name, 'link', 'set', 'eth0', 'up')
    await quiet('-n', name, 'link', 'set', 'lo', 'up')
    await run(scope, tc, ['qdisc', 'add', 'dev', outside, ...shape])
    await quiet('netns', 'exec', name, tc, 'qdisc', 'add', 'dev', 'eth0', ...shape)
    sites.push({ prefix: [ip, 'netns', 'exec', name], ip: address })
  }
  return sites
}
