import type { Command } from 'commander'
import { layoutOf, print, readPassphrase } from '#cli/shell'
import { type ApiClient, agentRoutes } from '#node/api'
import { toHex } from '#node/kit'
import { IdentityFiles, KeyInHand, SessionClient } from '#swarm/puddle/session'
import { withAgent } from '../client.ts'

export function addRekey(puddle: Command): void {
  puddle
    .command('rekey')
    .description('replace your key: what the old key published goes on under the new one')
    .option('--passphrase-file <file>', 'read the passphrase from the first line of a file')
    .action(async (options: { passphraseFile?: string }, command: Command) => {
      const { puddle: folder, puddleSocket } = layoutOf(command)
      const files = new IdentityFiles(folder)
      const passphrase = await readPassphrase({ file: options.passphraseFile, prompt: 'Passphrase' })
      // The coming key is on disk before the fleet hears of it; a rekey that broke off goes on with the same one.
      const { current, next } = await files.prepareNext(passphrase)
      const older = new KeyInHand(current)
      const newer = new KeyInHand(next)
      await withAgent(command, async client => {
        const before = await client.call(agentRoutes.puddle, { puddle: older.publicKey })
        const bridge = { issued_at: before.now, new: newer.publicKey, old: older.publicKey }
        if (before.newestKey !== bridge.new) await submit(client, 'rekey-bridge', before.fleet, bridge, older)
        if (before.name !== null) {
          const claim = { issued_at: before.now, name: before.name, puddle: bridge.new, serial: 1 }
          await submit(client, 'name-claim', before.fleet, claim, newer)
        }
      })
      await files.adoptNext()
      await new SessionClient(puddleSocket).lock()
      print(`Your key is ${newer.publicKey} now; ${older.publicKey.slice(0, 12)}… leads to it.`)
      print('Next: vigo swarm puddle unlock here; on your other machines: puddle leave --yes, then join.')
    })
}

async function submit(
  client: ApiClient,
  kind: 'rekey-bridge' | 'name-claim',
  fleet: string,
  fields: object,
  key: KeyInHand,
): Promise<void> {
  const body = JSON.stringify(fields)
  const signature = toHex(await key.sign(kind, fleet, body))
  await client.call(agentRoutes.submit, { kind, body, signature })
}
