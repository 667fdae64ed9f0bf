import type { Command } from 'commander'
import { print, printJson } from '#cli/shell'
import { ApiError } from '#node/api'
import { withAgent } from '../client.ts'
import { type Change, publishChange, requirePuddle } from './publish.ts'

interface ChangeOptions {
  json?: boolean
}

export function addChanges(curator: Command): void {
  curator
    .command('tag <reference> <version>')
    .description('point a tag at a version: tag <name>:<tag> <version>')
    .option('--json', 'print as JSON')
    .action((reference: string, version: string, options: ChangeOptions, command: Command) => {
      const { name, tag } = nameAndTag(reference)
      return change(command, options, name, { type: 'tag', tag, version }, `${name}:${tag} is ${version} now.`)
    })

  curator
    .command('untag <reference>')
    .description('remove a tag: untag <name>:<tag>')
    .option('--json', 'print as JSON')
    .action((reference: string, options: ChangeOptions, command: Command) => {
      const { name, tag } = nameAndTag(reference)
      return change(command, options, name, { type: 'untag', tag }, `${name} has no tag ${tag} any more.`)
    })

  curator
    .command('set-target <name> <spec>')
    .description("say which machines hold a copy: globs, hosts, key=value, -exclusions; '' for none")
    .option('--json', 'print as JSON')
    .action((name: string, target: string, options: ChangeOptions, command: Command) =>
      change(
        command,
        options,
        name,
        { type: 'set-target', target },
        `${name} is held by '${target || 'nobody in particular'}' now.`,
      ),
    )

  curator
    .command('rm <name>')
    .description('remove an artifact with all versions from the whole fleet')
    .option('--json', 'print as JSON')
    .action((name: string, options: ChangeOptions, command: Command) =>
      change(
        command,
        options,
        name,
        { type: 'remove' },
        `${name} is removed; machines free its bytes at their next gc.`,
      ),
    )
}

async function change(
  command: Command,
  options: ChangeOptions,
  name: string,
  what: Change,
  done: string,
): Promise<void> {
  const puddle = await requirePuddle(command)
  await withAgent(command, async client => {
    const { hash } = await publishChange(client, puddle, name, what)
    if (options.json) printJson({ name, entry: hash })
    else print(done)
  })
}

function nameAndTag(reference: string): { name: string; tag: string } {
  const [name = '', tag = ''] = reference.split(':')
  if (name === '' || tag === '') throw new ApiError('bad-request', `'${reference}' names no tag; write <name>:<tag>`)
  return { name, tag }
}
