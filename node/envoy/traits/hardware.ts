import { availableParallelism, cpus, totalmem } from 'node:os'
import { hostPlatform } from '#node/kit'
import type { Collector } from './collector.ts'
import { optional } from './os.ts'

const ENOUGH_RAM_MB = 1024

export const hardwareCollector: Collector = {
  name: 'hardware',
  freshness: 'stable',
  collect: async host => {
    const memoryMb = Math.floor(totalmem() / 2 ** 20)
    const dmi = async (file: string): Promise<string | undefined> =>
      (await host.text(`/sys/class/dmi/id/${file}`))?.trim().slice(0, 200)
    return {
      hardware: {
        memory_mb: memoryMb,
        cpus: availableParallelism(),
        arch: hostPlatform().arch,
        ...optional('cpu_model', cpus()[0]?.model.trim()),
        ...optional('vendor', await dmi('sys_vendor')),
        ...optional('product', await dmi('product_name')),
      },
      has_enough_ram: memoryMb >= ENOUGH_RAM_MB,
    }
  },
}
