import type { Command } from 'commander'
import { addList } from './list.ts'
import { addPush, addRevoke } from './push.ts'
import { addRuns } from './runs.ts'
import { addShow } from './show.ts'

export function addEnvoys(program: Command): void {
  const envoys = program.command('envoys').description('the managed machines')
  addList(envoys)
  addShow(envoys)
  addRuns(envoys)
  addPush(envoys)
  addRevoke(envoys)
}
