import type { Command } from 'commander'
import { addIdentity } from './identity.ts'
import { addName } from './name.ts'
import { addPairing } from './pairing.ts'
import { addRekey } from './rekey.ts'
import { addSession } from './session.ts'

export function addPuddle(swarm: Command): void {
  const puddle = swarm.command('puddle').description('your own signing identity, carried to the machines that you use')
  addIdentity(puddle)
  addSession(puddle)
  addName(puddle)
  addPairing(puddle)
  addRekey(puddle)
}
