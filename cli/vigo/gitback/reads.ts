import type { Command } from 'commander'
import { paint, print, printFields, printJson, printTable } from '#cli/shell'
import { gitbackRoutes, type ProjectDetails, type ProjectRow, type RefRow } from '#node/api'
import { formatSize } from '#node/kit'
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
          if (options.json) return printJson({ projects })
          printTable(
            ['PROJECT', 'POLICY', 'MEMBERS', 'MACHINES', 'HERE', 'NOTE'],
            projects.map(line),
            'No projects yet.',
          )
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
        if (options.json) return printJson(details)
        tell(details)
      }),
    )
}

function line(row: ProjectRow): string[] {
  const name = `${row.founderName ?? row.founder.slice(0, 12)}/${row.handle}`
  const note = row.diverged === 0 ? '' : `${row.diverged} diverged`
  return [name, row.policy, String(row.members), String(row.seats), row.isHeldHere ? 'yes' : 'no', note]
}

function tell(details: ProjectDetails): void {
  printFields([
    ['project', `${details.founderName ?? details.founder.slice(0, 12)}/${details.handle}`],
    ['id', details.id],
    ['policy', details.policy],
    ['here', details.isHeldHere ? formatSize(details.sizeBytes) : 'not held'],
  ])
  print()
  printTable(
    ['MEMBER', 'RIGHT', 'KEY'],
    details.memberRows.map(({ key, name, level }) => [name ?? key.slice(0, 12), level, key]),
    'No members.',
  )
  print()
  printTable(
    ['MACHINE', 'FOR', 'CONNECTED'],
    details.seatRows.map(row => [
      row.hostname || row.peer.slice(0, 12),
      row.member.slice(0, 12),
      row.isConnected ? 'yes' : 'no',
    ]),
    'No machine holds it.',
  )
  if (!details.isHeldHere) return
  print()
  printTable(['REF', 'COMMIT', 'STATE'], details.refs.map(refLine), 'No branches yet.')
  for (const { ref, state, heads, problem } of details.refs) {
    if (state === 'settled') continue
    print()
    print(`${paint('yellow', ref)}: ${problem === '' ? state : problem}`)
    if (state !== 'diverged') continue
    for (const head of heads)
      print(`  ${head.commit}  ${new Date(head.issuedAt).toISOString()}  by ${head.signer.slice(0, 12)}`)
    print(
      `  end it: push a merge, or vigo swarm gitback project resolve ${details.id.slice(0, 64)} --ref ${ref} --take <commit>`,
    )
  }
}

function refLine({ ref, commit, state }: RefRow): string[] {
  return [ref, commit?.slice(0, 12) ?? '-', state]
}
