import type { Command } from 'commander'
import { addDiff } from './diff.ts'
import { addExamples } from './examples.ts'
import { addFreeze } from './freeze.ts'
import { addHistory } from './history.ts'
import { addLint } from './lint.ts'
import { addPromote } from './promote.ts'
import { addPublish } from './publish.ts'
import { addRollback } from './rollback.ts'
import { addRollout } from './rollout.ts'
import { addShow } from './show.ts'
import { addStatus } from './status.ts'
import { addTrace } from './trace.ts'
import { addSearch, addTree } from './tree.ts'
import { addValidate } from './validate.ts'

export function addConfig(program: Command): void {
  const config = program
    .command('config')
    .description('the configuration of the fleet, as files: works on plain folders, with or without a server')
    .option('--stacks <dir>', 'the tree that operators edit (default: <home>/stacks)')
    .option('--home <dir>', 'folder of .live and releases (default: /srv/vigo, below --root)')
  addLint(config)
  addValidate(config)
  addPublish(config)
  addStatus(config)
  addDiff(config)
  addHistory(config)
  addRollback(config)
  addRollout(config)
  addFreeze(config)
  addPromote(config)
  addTree(config)
  addSearch(config)
  addShow(config)
  addTrace(config)
  addExamples(config)
}
