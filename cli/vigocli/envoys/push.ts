import type { Command } from 'commander'
import { interruptSignal, print, printJson } from '#cli/shell'
import { ApiError, type BodyOf, type ReplyOf, serverRoutes } from '#node/api'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { plural } from '../words.ts'

const MAX_NAMED = 10

export function addPush(envoys: Command): void {
  envoys
    .command('push [envoy...]')
    .description('make envoys check in now instead of at their next interval')
    .option('--all', 'all of them')
    .option('--reason <text>', 'what the agents log', '')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli envoys push web-1 web-2', 'two hosts'],
        ['vigocli envoys push --all', 'everybody'],
      ]),
    )
    .action((names: string[], options: { all?: boolean; reason: string; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const body = pushOf(names, options)
        const pushed = await client.call(serverRoutes.push, body, { signal: interruptSignal() })
        if (options.json) printJson(pushed)
        else tellPushed(pushed)
      }),
    )
}

/** What to ask for. @throws ApiError 'bad-request' for nobody, and for some and all */
export function pushOf(
  names: readonly string[],
  { all = false, reason }: { all?: boolean; reason: string },
): BodyOf<typeof serverRoutes.push> {
  if ((names.length === 0) !== all) throw new ApiError('bad-request', 'name the envoys, or give --all')
  return { ...(all ? { all } : { envoys: [...names] }), ...(reason === '' ? {} : { reason }) }
}

export function tellPushed({ asked, told, away }: ReplyOf<typeof serverRoutes.push>): void {
  print(`${told} of ${plural(asked, 'envoy')} were told to check in.`)
  if (away.length === 0) return
  const more = away.length > MAX_NAMED ? ` and ${away.length - MAX_NAMED} more` : ''
  print(`Not connected: ${away.slice(0, MAX_NAMED).join(', ')}${more}; they check in when they are back.`)
}

export function addRevoke(envoys: Command): void {
  envoys
    .command('revoke <envoy>')
    .description('put an envoy out of the fleet for good')
    .option('--reason <text>', 'kept in the record that all members see', '')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([["vigocli envoys revoke web-3 --reason 'disk stolen'", 'every member cuts it off']]),
    )
    .action((member: string, { reason, json }: { reason: string; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const row = await client.call(serverRoutes.revokeMember, { member, reason }, { signal: interruptSignal() })
        if (json) return printJson(row)
        print(`${row.hostname} (${row.peer}) is revoked; every member cuts it off when the gossip arrives.`)
      }),
    )
}
