import type { Command } from 'commander'
import { addMeant } from '#cli/shell'

export async function addConfig(program: Command): Promise<void> {
  const config = program
    .command('config')
    .description('the configuration of the fleet, as files: works on plain folders, with or without a server')
    .option('--stacks <dir>', 'the tree that operators edit (default: <home>/stacks)')
    .option('--home <dir>', 'folder of .live and releases (default: /srv/vigo, below --root)')
  await addMeant(config, [
    { names: ['lint'], load: async () => (await import('./lint.ts')).addLint },
    { names: ['validate'], load: async () => (await import('./validate.ts')).addValidate },
    { names: ['publish'], load: async () => (await import('./publish.ts')).addPublish },
    { names: ['status'], load: async () => (await import('./status.ts')).addStatus },
    { names: ['diff'], load: async () => (await import('./diff.ts')).addDiff },
    { names: ['history'], load: async () => (await import('./history.ts')).addHistory },
    { names: ['rollback'], load: async () => (await import('./rollback.ts')).addRollback },
    { names: ['rollout'], load: async () => (await import('./rollout.ts')).addRollout },
    { names: ['freeze', 'unfreeze'], load: async () => (await import('./freeze.ts')).addFreeze },
    { names: ['pull'], load: async () => (await import('./pull/index.ts')).addPull },
    { names: ['promote'], load: async () => (await import('./promote.ts')).addPromote },
    { names: ['tree'], load: async () => (await import('./tree.ts')).addTree },
    { names: ['search'], load: async () => (await import('./tree.ts')).addSearch },
    { names: ['show'], load: async () => (await import('./show.ts')).addShow },
    { names: ['trace'], load: async () => (await import('./trace.ts')).addTrace },
    { names: ['examples'], load: async () => (await import('./examples.ts')).addExamples },
  ])
}
