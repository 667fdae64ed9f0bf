import type { Command } from 'commander'
import { paint, print, printFields, printJson, printTable } from '#cli/shell'
import { type ArtifactDetail, agentRoutes, curatorRoutes } from '#node/api'
import { formatSize, type Platform } from '#node/kit'
import { ownPuddle, withAgent } from '../client.ts'
import { printStatus } from '../status.ts'
import { platformOption } from './platform.ts'

interface ReadOptions {
  json?: boolean
  removed?: boolean
  platform?: Platform
}

export function addReads(curator: Command): void {
  curator
    .command('resolve <reference>')
    .description('show what a reference means here: version, platform, blob')
    .option('--platform <os/arch>', 'for another platform than this machine', platformOption)
    .option('--json', 'print as JSON')
    .action((reference: string, options: ReadOptions, command: Command) =>
      withAgent(
        command,
        async client => {
          const body = {
            reference,
            puddle: await ownPuddle(command),
            ...(options.platform && { platform: options.platform }),
          }
          const resolved = await client.call(curatorRoutes.resolve, body)
          if (options.json) return printJson(resolved)
          printFields([
            ['artifact', `${resolved.namespace}/${resolved.name}@${resolved.version}`],
            ['id', resolved.artifact],
            ['tags', resolved.tags.join(', ') || 'none'],
            ['platform', `${resolved.blob.os}/${resolved.blob.arch}`],
            ['blob', resolved.blob.blobSha],
            ['size', formatSize(resolved.blob.sizeBytes)],
            ['here', resolved.local ? 'yes' : 'no'],
          ])
        },
        'curator',
      ),
    )

  curator
    .command('list')
    .description('everything that is published in the fleet, as this machine knows it')
    .option('--removed', 'also what was removed')
    .option('--json', 'print as JSON')
    .action((options: ReadOptions, command: Command) =>
      withAgent(
        command,
        async client => {
          const { artifacts } = await client.call(curatorRoutes.artifacts, options.removed ? { removed: true } : {})
          if (options.json) return printJson(artifacts)
          printTable(
            ['ARTIFACT', 'KIND', 'VERSIONS', 'TAGS', 'SIZE', 'TARGET', 'NOTE'],
            artifacts.map(artifact => [
              `${shorten(artifact.namespace)}/${artifact.name}`,
              artifact.kind,
              String(artifact.versions.length),
              Object.entries(artifact.tags)
                .map(([tag, version]) => `${tag}=${version}`)
                .join(' '),
              formatSize(artifact.sizeBytes),
              artifact.target || '-',
              noteOf(artifact),
            ]),
            'Nothing is published. Publish with: vigo swarm curator push <name>:<version> <file>',
          )
        },
        'curator',
      ),
    )

  curator
    .command('inspect <reference>')
    .description('one artifact with its signed entries')
    .option('--json', 'print as JSON')
    .action((reference: string, options: ReadOptions, command: Command) =>
      withAgent(
        command,
        async client => {
          const detail = await inspect(client, reference, command)
          if (options.json) return printJson(detail)
          printDetail(detail)
        },
        'curator',
      ),
    )

  curator
    .command('versions <reference>')
    .description('the versions of an artifact, with platforms and tags')
    .option('--json', 'print as JSON')
    .action((reference: string, options: ReadOptions, command: Command) =>
      withAgent(
        command,
        async client => {
          const { view } = await inspect(client, reference, command)
          if (options.json) return printJson({ versions: view.versions, tags: view.tags })
          printVersions(view)
        },
        'curator',
      ),
    )

  curator
    .command('status')
    .description('this machine in the swarm: store, transfers, replicas')
    .option('--json', 'print as JSON')
    .action((options: ReadOptions, command: Command) =>
      withAgent(command, async client => {
        const status = await client.call(agentRoutes.status, {})
        if (options.json) return printJson(status)
        printStatus(status)
      }),
    )
}

async function inspect(
  client: Parameters<Parameters<typeof withAgent>[1]>[0],
  reference: string,
  command: Command,
): Promise<ArtifactDetail> {
  const puddle = await ownPuddle(command)
  return client.call(curatorRoutes.inspect, { reference, ...(puddle !== null && { puddle }) })
}

function printDetail({ id, namespace, view, heads }: ArtifactDetail): void {
  printFields([
    ['artifact', paint('bold', `${namespace}/${view.name}`)],
    ['id', id],
    ['kind', view.kind],
    ['founder', view.founder],
    ['signer', view.signer === view.founder ? 'the founder' : `${view.signer} (rekeyed ${view.epoch} times)`],
    ['target', view.target || 'none'],
    ['recipients', view.recipients.join(', ')],
    ['published', new Date(view.issuedAt).toISOString()],
    ['heads', heads.map(head => head.hash.slice(0, 12)).join(', ')],
  ])
  for (const conflict of view.conflicts) print(paint('yellow', `conflict: ${JSON.stringify(conflict)}`))
  print()
  printVersions(view)
}

function printVersions(view: ArtifactDetail['view']): void {
  printTable(
    ['VERSION', 'PLATFORM', 'SIZE', 'BLOB', 'TAGS'],
    Object.entries(view.versions).flatMap(([version, platforms]) =>
      platforms.map(platform => [
        version,
        `${platform.os}/${platform.arch}`,
        formatSize(platform.sizeBytes),
        platform.blobSha.slice(0, 16),
        Object.entries(view.tags)
          .filter(([, at]) => at === version)
          .map(([tag]) => tag)
          .join(', '),
      ]),
    ),
    'No versions.',
  )
}

function noteOf(artifact: { heads: number; conflicts: number; tombstone: boolean }): string {
  if (artifact.tombstone) return 'removed'
  if (artifact.conflicts > 0) return `${artifact.conflicts} conflicts (inspect shows them)`
  return artifact.heads > 1 ? `${artifact.heads} heads` : ''
}

function shorten(namespace: string): string {
  return namespace.length === 64 ? namespace.slice(0, 12) : namespace
}
