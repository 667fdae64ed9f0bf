import type { Command } from 'commander'
import { layoutOf, print, printFields, printJson, readPassphrase } from '#cli/shell'
import { ApiError, agentRoutes } from '#node/api'
import { codeOf, formatDuration } from '#node/kit'
import { IdentityFiles, SessionClient } from '#swarm/puddle/session'
import { withAgent } from '../client.ts'

interface PassphraseOptions {
  passphraseFile?: string
}

export function addIdentity(puddle: Command): void {
  puddle
    .command('init')
    .description('create your identity (once; on your other machines use join)')
    .option('--passphrase-file <file>', 'read the passphrase from the first line of a file')
    .action(async (options: PassphraseOptions, command: Command) => {
      const files = new IdentityFiles(layoutOf(command).puddle)
      const passphrase = await readPassphrase({ file: options.passphraseFile, prompt: 'New passphrase', confirm: true })
      const publicKey = await files.create(passphrase)
      print(`Created your puddle ${publicKey}`)
      print('Next: vigo swarm puddle unlock, then name <friendly-name>')
    })

  puddle
    .command('status')
    .description('your identity on this machine: key, session, name')
    .option('--json', 'print as JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const { puddle: folder, puddleSocket } = layoutOf(command)
      const publicKey = await new IdentityFiles(folder).publicKey()
      const session = await new SessionClient(puddleSocket).status()
      const fleet = publicKey === null ? null : await askFleet(command, publicKey)
      const status = {
        folder,
        publicKey,
        unlocked: session !== null,
        locksInMs: session === null ? null : Math.max(0, session.endsAt - Date.now()),
        name: fleet?.name ?? null,
        rekeyedFrom: fleet?.olderKeys ?? [],
        artifacts: fleet?.artifacts ?? [],
      }
      if (options.json) return printJson(status)
      if (publicKey === null)
        return print('You have no puddle on this machine. Create one with: vigo swarm puddle init')
      printFields([
        ['key', publicKey],
        ['session', session === null ? 'locked' : `unlocked, locks in ${formatDuration(status.locksInMs ?? 0)}`],
        [
          'name',
          fleet === null ? 'not known: the agent is not running' : (fleet.name ?? 'none, or claimed by several'),
        ],
        ['artifacts', status.artifacts.map(artifact => artifact.name).join(', ') || 'none'],
        ['folder', folder],
      ])
    })

  puddle
    .command('rotate-passphrase')
    .description('change the passphrase; the key stays the same')
    .option('--passphrase-file <file>', 'the current passphrase')
    .option('--new-passphrase-file <file>', 'the new passphrase')
    .action(async (options: PassphraseOptions & { newPassphraseFile?: string }, command: Command) => {
      const files = new IdentityFiles(layoutOf(command).puddle)
      const current = await readPassphrase({ file: options.passphraseFile, prompt: 'Current passphrase' })
      await files.unlock(current)
      if (options.newPassphraseFile === undefined && !process.stdin.isTTY) {
        throw new ApiError('bad-request', 'say where the new passphrase is with --new-passphrase-file')
      }
      const next = await readPassphrase({
        file: options.newPassphraseFile,
        prompt: 'New passphrase',
        confirm: true,
        ignoreEnvironment: true,
      })
      await files.rotatePassphrase(current, next)
      print('The passphrase is changed on this machine; change it on your other machines too.')
    })

  puddle
    .command('leave')
    .description('remove your identity from this machine')
    .option('--yes', 'do not ask')
    .action(async (options: { yes?: boolean }, command: Command) => {
      const { puddle: folder, puddleSocket } = layoutOf(command)
      const files = new IdentityFiles(folder)
      const publicKey = await files.publicKey()
      if (publicKey === null) return print('You have no puddle on this machine.')
      if (options.yes !== true) {
        throw new ApiError(
          'bad-request',
          `this removes the key ${publicKey.slice(0, 12)}… from this machine; without another machine that has it, it is gone for good. Repeat with --yes`,
        )
      }
      await new SessionClient(puddleSocket).lock()
      await files.remove()
      print('Your puddle is removed from this machine. What it published stays.')
    })
}

async function askFleet(command: Command, puddle: string) {
  try {
    return await withAgent(command, client => client.call(agentRoutes.puddle, { puddle }))
  } catch (error) {
    if (codeOf(error) === 'not-running') return null
    throw error
  }
}
