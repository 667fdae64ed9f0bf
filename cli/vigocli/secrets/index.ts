import type { Command } from 'commander'
import { confirm, interruptSignal, print, printJson } from '#cli/shell'
import { checkSecretPath } from '#config/secrets'
import { VigoError } from '#node/kit'
import { examples } from '../examples-text.ts'
import { onRecord, storeOf } from './places.ts'
import { readValue } from './value.ts'

class NotConfirmedError extends VigoError<'usage'> {}

const NEWS = 'Hosts get it with their next check-in after the server has noticed.'

export function addSecrets(program: Command): void {
  const secrets = program
    .command('secrets')
    .description("values that the configuration refers to as 'secret:<path>', sealed on this server")
    .option('--home <dir>', 'folder of .live and secrets (default: /srv/vigo, below --root)')
    .addHelpText(
      'after',
      examples([
        ['vigocli secrets init', 'once: make the master key'],
        ['vigocli secrets set vigo/webapp/database_url', 'asks for the value'],
        ['vigocli secrets set vigo/tls/key < key.pem', 'reads it from a file'],
        ['vigocli secrets rotate', 'seal everything anew under a new key'],
      ]),
    )
  addInit(secrets)
  addSet(secrets)
  addGet(secrets)
  addList(secrets)
  addRotate(secrets)
  addRemove(secrets)
}

function addInit(secrets: Command): void {
  secrets
    .command('init')
    .description('make the folder and the master key')
    .action(async (_options: object, command: Command) => {
      const signal = interruptSignal()
      const isNew = await onRecord(command, 'secret.init', '', () => storeOf(command).init({ signal }))
      print(
        isNew
          ? 'The master key is made. Back it up apart from the secrets: without it none can be read.'
          : 'Secrets are set up already.',
      )
    })
}

function addSet(secrets: Command): void {
  secrets
    .command('set <path>')
    .description('add or replace a secret; the value is asked for, or piped in')
    .action(async (path: string, _options: object, command: Command) => {
      const signal = interruptSignal()
      checkSecretPath(path)
      const value = await readValue(path, signal)
      const done = await onRecord(command, 'secret.set', path, () => storeOf(command).set(path, value, { signal }))
      print(`${path} is ${done}. ${NEWS}`)
    })
}

function addGet(secrets: Command): void {
  secrets
    .command('get <path>')
    .description('show a value; asks first, and is recorded')
    .option('--yes', 'do not ask')
    .action(async (path: string, options: { yes?: boolean }, command: Command) => {
      checkSecretPath(path)
      if (options.yes !== true && !(await confirm(`Show the value of ${path} here?`, interruptSignal()))) {
        throw new NotConfirmedError('usage', 'not confirmed; without a terminal say --yes')
      }
      const value = await onRecord(command, 'secret.get', path, () => storeOf(command).get(path))
      process.stdout.write(process.stdout.isTTY ? `${value}\n` : value)
    })
}

function addList(secrets: Command): void {
  secrets
    .command('list')
    .description('the paths of all secrets')
    .option('--json', 'print them as JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const store = storeOf(command)
      const paths = await store.list()
      if (options.json) return printJson(paths)
      for (const path of paths) print(path)
      if (paths.length === 0) print('there are no secrets')
      if (await store.isRotating()) {
        process.stderr.write(
          'a rotation was interrupted, and the old master key is still kept: vigocli secrets rotate\n',
        )
      }
    })
}

function addRotate(secrets: Command): void {
  secrets
    .command('rotate')
    .description('seal everything anew under a new master key')
    .action(async (_options: object, command: Command) => {
      const signal = interruptSignal()
      const count = await onRecord(command, 'secret.rotate', '', () => storeOf(command).rotate({ signal }))
      print(`${count} secrets are sealed under a new master key. Back it up; the old one opens nothing any more.`)
    })
}

function addRemove(secrets: Command): void {
  secrets
    .command('remove <path>')
    .description('take a secret away')
    .option('--yes', 'do not ask')
    .action(async (path: string, options: { yes?: boolean }, command: Command) => {
      const signal = interruptSignal()
      checkSecretPath(path)
      if (options.yes !== true && !(await confirm(`Remove ${path}? What refers to it will not be applied.`, signal))) {
        throw new NotConfirmedError('usage', 'not confirmed; without a terminal say --yes')
      }
      await onRecord(command, 'secret.remove', path, () => storeOf(command).remove(path, { signal }))
      print(`${path} is removed.`)
    })
}
