import type { Command } from 'commander'
import { tellProject, tellProjects } from '#cli/projects'
import { printJson } from '#cli/shell'
import { gitbackRoutes } from '#node/api'
import { findProject, withProjects } from './project-client.ts'

interface ReadOptions {
  json?: boolean
}

export function addReads(gitback: Command, project: Command): void {
  for (const [parent, name, what] of [
    [project, 'list', 'projects of the fleet'],
    [gitback, 'status', 'projects of the fleet, and what is not as it should be'],
  ] as const) {
    parent
      .command(name)
      .description(what)
      .option('--json', 'print as JSON')
      .action((options: ReadOptions, command: Command) =>
        withProjects(command, async client => {
          const { projects } = await client.call(gitbackRoutes.projects, {})
          if (options.json) printJson({ projects })
          else tellProjects(projects)
        }),
      )
  }
  project
    .command('status <project>')
    .description('members, machines, branches, and heads that nobody joined')
    .option('--json', 'print as JSON')
    .action((reference: string, options: ReadOptions, command: Command) =>
      withProjects(command, async client => {
        const details = await findProject(command, client, reference)
        if (options.json) printJson(details)
        else tellProject(details)
      }),
    )
}
