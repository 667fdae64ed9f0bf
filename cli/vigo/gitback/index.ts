import type { Command } from 'commander'
import { addHousekeeping } from './housekeeping.ts'
import { addInit } from './init.ts'
import { addMembers } from './members.ts'
import { addPush } from './push.ts'
import { addReads } from './reads.ts'

export function addGitback(swarm: Command): void {
  const gitback = swarm
    .command('gitback')
    .description('git repositories that machines of the fleet keep for each other')
  const project = gitback.command('project').description('found, join and look at projects')
  addInit(project)
  addReads(gitback, project)
  addMembers(project)
  addPush(project)
  addHousekeeping(gitback)
}
