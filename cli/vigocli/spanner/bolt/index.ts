import type { Command } from 'commander'
import { addMeant } from '#cli/shell'

export async function addBolt(spanner: Command): Promise<void> {
  const bolt = spanner.command('bolt').description('the servers, one by one')
  await addMeant(bolt, [
    { names: ['list', 'show'], load: async () => (await import('./list.ts')).addListAndShow },
    { names: ['invite'], load: async () => (await import('./invite.ts')).addInvite },
    { names: ['join'], load: async () => (await import('#cli/vigosrv')).addJoin },
    { names: ['envoys', 'runs', 'push'], load: async () => (await import('./ask.ts')).addAsking },
    { names: ['drain', 'patterns', 'reassign'], load: async () => (await import('./serve.ts')).addServing },
    { names: ['remove'], load: async () => (await import('./remove.ts')).addRemove },
  ])
}
