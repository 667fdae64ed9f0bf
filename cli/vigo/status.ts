import type { Command } from 'commander'
import { paint, print, printFields, printJson, printTable } from '#cli/shell'
import { type AgentState, type ApiClient, agentRoutes, envoyRoutes, type MemberStatus } from '#node/api'
import { codeOf, formatDuration, formatSize } from '#node/kit'
import { withAgent } from './client.ts'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('this machine: its server, its last run, what it waits for; neighbours, records, store, transfers')
    .option('--json', 'print as JSON')
    .action((options: { json?: boolean }, command: Command) =>
      withAgent(command, async client => {
        const status = await client.call(agentRoutes.status, {})
        const agent = await agentState(client)
        if (options.json) return printJson(agent === null ? status : { ...status, agent })
        if (agent !== null) {
          printAgent(agent, status)
          print()
        }
        printStatus(status)
      }),
    )
}

/** Null for a member that is no managed machine. */
async function agentState(client: ApiClient): Promise<AgentState | null> {
  try {
    return await client.call(envoyRoutes.state, {})
  } catch (error) {
    if (codeOf(error) === 'not-found') return null
    throw error
  }
}

function printAgent(agent: AgentState, { peers }: MemberStatus): void {
  const { bolt, lastRun, lastCheckIn, nextCheckIn, queuedReports, droppedReports } = agent
  const name = peers.find(({ peer }) => peer === bolt)?.hostname
  const ago = (at: number): string => `${formatDuration(Math.max(0, Date.now() - at))} ago`
  printFields([
    ['server', bolt === null ? paint('yellow', 'none') : `${name ?? ''} ${bolt}`.trim()],
    ['release', agent.release === null ? 'none' : agent.release.slice(0, 12)],
    ['last check-in', lastCheckIn === null ? 'never' : ago(lastCheckIn)],
    ['next check-in', nextCheckIn === null ? '-' : `in ${formatDuration(Math.max(0, nextCheckIn - Date.now()))}`],
    ['last run', lastRun === null ? 'none yet' : `${ago(lastRun.startedAt)}: ${describeRun(lastRun)}`],
    ['reports', `${queuedReports} waiting${droppedReports > 0 ? `, ${droppedReports} given up` : ''}`],
  ])
  for (const { id, state, message } of lastRun?.failing ?? []) print(`${paint('red', state)} ${id}: ${message}`)
  for (const sentence of agent.waiting) print(paint('yellow', `waiting: ${sentence}`))
}

function describeRun({ outcome, mode, offline, durationMs, counts }: NonNullable<AgentState['lastRun']>): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  const dry = mode === 'dry-run' ? ' (dry)' : ''
  const alone = offline ? ' without a server' : ''
  const what = told.map(([state, count]) => `${count} ${state}`).join(', ')
  return `${outcome}${dry}${alone} in ${formatDuration(durationMs)}, ${what || 'no resources'}`
}

export function printStatus(status: MemberStatus): void {
  const { store, replicas } = status
  const free = store.diskSizeBytes === 0 ? 0 : (100 * store.diskFreeBytes) / store.diskSizeBytes
  printFields([
    ['host name', `${paint('bold', status.hostname)} (${status.role})`],
    ['fleet', status.fleet],
    ['peer', status.peer],
    ['addresses', status.addresses.join('  ')],
    ['up', formatDuration(Date.now() - status.startedAt)],
    ['memory', formatSize(status.memoryBytes)],
    ['members', `${status.members}, ${status.peers.length} connected`],
    ['last sync', status.lastSync === null ? 'never' : `${formatDuration(Date.now() - status.lastSync.at)} ago`],
    [
      'records',
      Object.entries(status.records)
        .map(([topic, n]) => `${topic} ${n}`)
        .join(', '),
    ],
    ['store', `${store.blobs} blobs, ${formatSize(store.bytes)}, ${formatSize(store.partialBytes)} partial`],
    ['disk', `${formatSize(store.diskFreeBytes)} free (${free.toFixed(0)} %)`],
    [
      'replicas',
      `${replicas.held} of ${replicas.wanted} held${replicas.waitingFor === null ? '' : `; waiting: ${replicas.waitingFor}`}`,
    ],
    [
      'publishing',
      status.publishing.enabled ? `allowed, up to ${formatSize(status.publishing.maxBytes)}` : 'off on this machine',
    ],
  ])
  for (const failure of replicas.failures) print(paint('yellow', `not replicated: ${failure.name}: ${failure.reason}`))
  if (status.transfers.length > 0) {
    print()
    printTable(
      ['TRANSFER', 'PRIORITY', 'DONE', 'RATE', 'SOURCES', 'WAITING FOR'],
      status.transfers.map(transfer => [
        transfer.blob.slice(0, 12),
        transfer.priority,
        `${formatSize(transfer.bytesFetched + transfer.bytesReused)} of ${formatSize(transfer.bytesTotal)}`,
        `${formatSize(transfer.bytesPerSecond)}/s`,
        String(Object.keys(transfer.sources).length),
        transfer.waitingFor ?? '',
      ]),
      '',
    )
  }
  print()
  printTable(
    ['NEIGHBOUR', 'ROLE', 'PEER'],
    status.peers.map(peer => [peer.hostname, peer.role, peer.peer]),
    'No neighbours are connected.',
  )
}
