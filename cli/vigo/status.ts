import type { Command } from 'commander'
import { paint, print, printFields, printJson, printTable } from '#cli/shell'
import { agentRoutes, type MemberStatus } from '#node/api'
import { formatDuration, formatSize } from '#node/kit'
import { withAgent } from './client.ts'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('this machine as a peer: neighbours, records, store, transfers')
    .option('--json', 'print as JSON')
    .action((options: { json?: boolean }, command: Command) =>
      withAgent(command, async client => {
        const status = await client.call(agentRoutes.status, {})
        if (options.json) return printJson(status)
        printStatus(status)
      }),
    )
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
