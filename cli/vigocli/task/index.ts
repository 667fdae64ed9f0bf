import type { Command } from 'commander'
import { addHistory } from './history.ts'
import { addRun } from './run.ts'

export function addTask(program: Command): void {
  const task = program.command('task').description('commands on many envoys')
  addRun(task)
  addHistory(task)
}
