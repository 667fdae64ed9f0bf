import type { Command } from 'commander'
import { tellMembers, tellProject, tellProjects } from '#cli/projects'
import { interruptSignal, print, printJson } from '#cli/shell'
import { type ApiClient, type ProjectDetails, type ProjectRow, serverRoutes } from '#node/api'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { plural } from '../words.ts'

interface ReadFlags {
  json?: boolean
}

/** Reads only: what is done to projects is done on machines of their members, with `vigo swarm gitback`. */
export function addGitback(swarm: Command): void {
  const gitback = swarm.command('gitback').description('git projects of the fleet; reads only')
  gitback
    .command('status')
    .description('whether all branches of all projects agree: exit code 0 if they do, 1 if not')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli swarm gitback status', 'what somebody must join']]))
    .action((options: ReadFlags, command: Command) =>
      withServer(command, async client => {
        const details = await unsettled(client, await projectsOf(client))
        if (details.length > 0) process.exitCode = exitCodes.failed
        if (options.json) printJson(details)
        else tellStatus(details, details.length === 0 ? null : await stacksOf(client))
      }),
    )
  gitback
    .command('list')
    .description('projects with how many members and machines each has')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli swarm gitback list', 'those that are not kept here as well']]))
    .action((options: ReadFlags, command: Command) =>
      withServer(command, async client => {
        const projects = await projectsOf(client)
        if (options.json) printJson(projects)
        else tellProjects(projects)
      }),
    )
  for (const [name, what, tell] of [
    ['show', 'one project: members, machines, branches, and heads that nobody joined', tellOne],
    ['members', 'who may do what with a project, and which machines keep it', tellMembers],
  ] as const) {
    gitback
      .command(`${name} <project>`)
      .description(what)
      .option('--json', 'print as JSON')
      .addHelpText(
        'after',
        `\n<project> is an id, or <puddle name>/<handle>.${examples([[`vigocli swarm gitback ${name} alice/tools`, 'by name']])}`,
      )
      .action((reference: string, options: ReadFlags, command: Command) =>
        withServer(command, async client => {
          const details = await client.call(serverRoutes.gitbackProject, { reference }, { signal: interruptSignal() })
          if (options.json) printJson(details)
          else tell(details, await stacksOf(client))
        }),
      )
  }
}

/** The project with the configuration that servers share: nobody but they can push to it. */
async function stacksOf(client: ApiClient): Promise<string | null> {
  return (await client.call(serverRoutes.spannerStatus, {}, { signal: interruptSignal() })).project?.id ?? null
}

function tellOne(project: ProjectDetails, stacks: string | null): void {
  if (project.id === stacks) tellProject(project, () => 'vigocli spanner resolve --take <commit>')
  else tellProject(project)
}

async function projectsOf(client: ApiClient): Promise<ProjectRow[]> {
  return (await client.call(serverRoutes.gitbackProjects, {}, { signal: interruptSignal() })).projects
}

/** Those that have a branch which somebody must look at. */
async function unsettled(client: ApiClient, projects: readonly ProjectRow[]): Promise<ProjectDetails[]> {
  const details: ProjectDetails[] = []
  for (const { id, isHeldHere } of projects) {
    if (!isHeldHere) continue
    const project = await client.call(serverRoutes.gitbackProject, { reference: id }, { signal: interruptSignal() })
    if (project.refs.some(({ state }) => state !== 'settled')) details.push(project)
  }
  return details
}

function tellStatus(details: readonly ProjectDetails[], stacks: string | null): void {
  if (details.length === 0) {
    print('All branches of all projects that are kept here agree.')
    return
  }
  print(`${plural(details.length, 'project')} with branches that do not agree, or are on their way:`)
  for (const project of details) {
    print()
    tellOne(project, stacks)
  }
}
