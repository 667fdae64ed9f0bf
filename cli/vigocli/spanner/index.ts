import type { Command } from 'commander'
import { addMeant } from '#cli/shell'

export async function addSpanner(program: Command): Promise<void> {
  const spanner = program
    .command('spanner')
    .description('several equal servers (bolts) with one fleet and one configuration')
  await addMeant(spanner, [
    { names: ['status'], load: async () => (await import('./status.ts')).addStatus },
    { names: ['init'], load: async () => (await import('./init.ts')).addInit },
    { names: ['resolve'], load: async () => (await import('./resolve.ts')).addResolve },
    { names: ['bolt'], load: async () => (await import('./bolt/index.ts')).addBolt },
    { names: ['ops-puddle'], load: async () => (await import('./ops-puddle.ts')).addOpsPuddle },
  ])
}
