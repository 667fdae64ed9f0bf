import type { Command } from 'commander'
import { paint, print } from '#cli/shell'
import { agentRoutes } from '#node/api'
import { toHex } from '#node/kit'
import { withAgent } from '../client.ts'
import { requirePuddle } from '../curator/publish.ts'

export function addName(puddle: Command): void {
  puddle
    .command('name <friendly-name>')
    .description('claim a name, so that others write <name>/<artifact> instead of your key')
    .action(async (name: string, _options: object, command: Command) => {
      const { publicKey, session } = await requirePuddle(command)
      await withAgent(command, async client => {
        const known = await client.call(agentRoutes.puddle, { puddle: publicKey })
        const claim = { issued_at: known.now, name, puddle: publicKey, serial: known.claimSerial + 1 }
        const body = JSON.stringify(claim)
        const signature = toHex(await session.sign('name-claim', known.fleet, body))
        await client.call(agentRoutes.submit, { kind: 'name-claim', body, signature })
        const { puddles } = await client.call(agentRoutes.puddles, {})
        const ambiguous = puddles.find(row => row.puddle === publicKey)?.ambiguous === true
        print(`Your puddle is called ${paint('bold', name)} now.`)
        if (ambiguous)
          print(
            paint(
              'yellow',
              `Another puddle claims '${name}' too: the name is ambiguous, and others must use your key. Choose another.`,
            ),
          )
      })
    })
}
