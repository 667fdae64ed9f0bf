import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { formatSize } from '#node/kit'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: string
  readonly kernel: string
  readonly system: string
  readonly node: string
}

export async function describeMachine(): Promise<Machine> {
  const os = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory: formatSize(totalmem()),
    kernel: `Linux ${release()}`,
    system: /^PRETTY_NAME="?(.*?)"?$/m.exec(os)?.[1] ?? 'unknown',
    node: process.version,
  }
}
