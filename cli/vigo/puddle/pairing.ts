import { randomInt } from 'node:crypto'
import type { Command } from 'commander'
import { layoutOf, paint, print, readPassphrase } from '#cli/shell'
import { ApiError, agentRoutes } from '#node/api'
import { codeOf, formatDuration } from '#node/kit'
import { IdentityFiles } from '#swarm/puddle/session'
import { withAgent } from '../client.ts'

/** No letters or digits that look alike. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTVWXYZ23456789'
const CODE_LENGTH = 12

export function addPairing(puddle: Command): void {
  puddle
    .command('pair')
    .description('print a code with which one other machine may fetch your wrapped key, once, within five minutes')
    .action(async (_options: object, command: Command) => {
      const bundle = Buffer.from(await new IdentityFiles(layoutOf(command).puddle).export()).toString('base64')
      const code = newCode()
      await withAgent(command, async client => {
        const { expiresAt } = await client.call(agentRoutes.offerPairing, { code, bundle })
        const { hostname } = await client.call(agentRoutes.status, {})
        print(paint('bold', code))
        print(
          `Good for ${formatDuration(expiresAt - Date.now())}. On the other machine: vigo swarm puddle join --from ${hostname}`,
        )
      })
    })

  puddle
    .command('join')
    .description('bring your identity to this machine from another that runs puddle pair')
    .requiredOption('--from <member>', 'host name (or key) of the other machine')
    .option('--code <code>', 'the code that it shows (asked for when left out)')
    .option('--passphrase-file <file>', 'read the passphrase from the first line of a file')
    .action(async (options: { from: string; code?: string; passphraseFile?: string }, command: Command) => {
      const files = new IdentityFiles(layoutOf(command).puddle)
      if ((await files.publicKey()) !== null) {
        throw new ApiError(
          'bad-request',
          `there is a puddle identity in ${files.folder} already; puddle leave removes it from this machine`,
        )
      }
      const code = options.code ?? (await askCode())
      const bundle = await withAgent(command, async client => {
        const reply = await client.call(agentRoutes.claimPairing, { from: options.from, code })
        return Buffer.from(reply.bundle, 'base64').toString('utf8')
      })
      for (let attempt = 1; ; attempt++) {
        const passphrase = await readPassphrase({ file: options.passphraseFile, prompt: 'Passphrase' })
        try {
          const publicKey = await files.import(bundle, passphrase)
          print(`Your puddle ${publicKey} is on this machine now. Next: vigo swarm puddle unlock`)
          return
        } catch (error) {
          const mayAskAgain = codeOf(error) === 'wrong-passphrase' && process.stdin.isTTY && attempt < 3
          if (!mayAskAgain) throw error
          print('The passphrase is wrong; try again.')
        }
      }
    })
}

function newCode(): string {
  const letters = Array.from({ length: CODE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)])
  return (letters.join('').match(/.{4}/g) ?? []).join('-')
}

async function askCode(): Promise<string> {
  if (!process.stdin.isTTY) throw new ApiError('bad-request', 'say the code with --code')
  return readPassphrase({ prompt: 'Code', ignoreEnvironment: true })
}
