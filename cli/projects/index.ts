import { paint, print, printFields, printTable } from '#cli/shell'
import type { ProjectDetails, ProjectRow, RefRow } from '#node/api'
import { formatSize } from '#node/kit'

/** A line for each project, with what is not as it should be. */
export function tellProjects(projects: readonly ProjectRow[]): void {
  printTable(['PROJECT', 'POLICY', 'MEMBERS', 'MACHINES', 'HERE', 'NOTE'], projects.map(line), 'No projects yet.')
}

function line(row: ProjectRow): string[] {
  const name = `${row.founderName ?? row.founder.slice(0, 12)}/${row.handle}`
  const note = row.diverged === 0 ? '' : `${row.diverged} diverged`
  return [name, row.policy, String(row.members), String(row.seats), row.isHeldHere ? 'yes' : 'no', note]
}

/** One project: members, machines, branches, and heads that nobody joined. `endOf`: what a person does about those. */
export function tellProject(details: ProjectDetails, endOf: (ref: RefRow) => string = endWith(details)): void {
  printFields([
    ['project', `${details.founderName ?? details.founder.slice(0, 12)}/${details.handle}`],
    ['id', details.id],
    ['policy', details.policy],
    ['here', details.isHeldHere ? formatSize(details.sizeBytes) : 'not held'],
  ])
  print()
  tellMembers(details)
  if (!details.isHeldHere) return
  print()
  printTable(['REF', 'COMMIT', 'STATE'], details.refs.map(refLine), 'No branches yet.')
  for (const row of details.refs) {
    const { ref, state, heads, problem } = row
    if (state === 'settled') continue
    print()
    print(`${paint('yellow', ref)}: ${problem === '' ? state : problem}`)
    if (state !== 'diverged') continue
    for (const head of heads)
      print(`  ${head.commit}  ${new Date(head.issuedAt).toISOString()}  by ${head.signer.slice(0, 12)}`)
    print(`  end it: ${endOf(row)}`)
  }
}

function endWith({ id }: ProjectDetails): (ref: RefRow) => string {
  return ({ ref }) => `push a merge, or vigo swarm gitback project resolve ${id} --ref ${ref} --take <commit>`
}

/** Who may do what with a project, and which machines keep it. */
export function tellMembers({ memberRows, seatRows }: ProjectDetails): void {
  printTable(
    ['MEMBER', 'RIGHT', 'KEY'],
    memberRows.map(({ key, name, level }) => [name ?? key.slice(0, 12), level, key]),
    'No members.',
  )
  print()
  printTable(
    ['MACHINE', 'FOR', 'CONNECTED'],
    seatRows.map(row => [
      row.hostname || row.peer.slice(0, 12),
      row.member.slice(0, 12),
      row.isConnected ? 'yes' : 'no',
    ]),
    'No machine holds it.',
  )
}

function refLine({ ref, commit, state }: RefRow): string[] {
  return [ref, commit?.slice(0, 12) ?? '-', state]
}
