import type { Command } from 'commander'
import { addChanges } from './changes.ts'
import { addHousekeeping } from './housekeeping.ts'
import { addPull } from './pull.ts'
import { addPush } from './push.ts'
import { addReads } from './reads.ts'

export function addCurator(swarm: Command): void {
  const curator = swarm.command('curator').description('named, signed artifacts: publish once, pull anywhere')
  addPush(curator)
  addPull(curator)
  addReads(curator)
  addChanges(curator)
  addHousekeeping(curator)
}
