import type { Command } from 'commander'
import { print, printJson, printTable } from '#cli/shell'
import { gitbackRoutes } from '#node/api'
import { formatSize } from '#node/kit'
import { ownPuddle } from '../client.ts'
import { requirePuddle } from '../curator/publish.ts'
import { takeSeat, withProjects } from './project-client.ts'

export function addHousekeeping(gitback: Command): void {
  gitback
    .command('gc-orphans')
    .description('remove repositories of projects that this machine no longer holds (administrator)')
    .option('--dry-run', 'only say which')
    .option('--json', 'print as JSON')
    .action((options: { dryRun?: boolean; json?: boolean }, command: Command) =>
      withProjects(command, async client => {
        const { removed } = await client.call(gitbackRoutes.collect, { dryRun: options.dryRun === true })
        if (options.json) return printJson({ removed })
        printTable(
          ['PROJECT', 'ID', 'SIZE'],
          removed.map(({ id, handle, sizeBytes }) => [handle || '-', id.slice(0, 12), formatSize(sizeBytes)]),
          'Nothing to remove.',
        )
        if (removed.length > 0 && options.dryRun !== true) print('Removed.')
      }),
    )
  gitback
    .command('purge')
    .description('stop holding all your projects on this machine; they stay on the others')
    .option('--yes', 'do not only say what would happen')
    .action(async (options: { yes?: boolean }, command: Command) => {
      const own = await ownPuddle(command)
      await withProjects(command, async client => {
        const { projects } = await client.call(gitbackRoutes.projects, {})
        const mine = []
        for (const row of projects.filter(({ isHeldHere }) => isHeldHere)) {
          const { seatRows } = await client.call(gitbackRoutes.project, { reference: row.id })
          if (seatRows.some(({ member }) => member === own)) mine.push(row)
        }
        if (mine.length === 0) return print('This machine holds no project for you.')
        if (options.yes !== true) {
          print(`Would stop holding: ${mine.map(({ handle }) => handle).join(', ')}. Say --yes to do it.`)
          return
        }
        const puddle = await requirePuddle(command)
        for (const { id } of mine) await takeSeat({ client, puddle }, id, false)
        print(`Stopped holding ${mine.length}. Next: vigo swarm gitback gc-orphans`)
      })
    })
}
