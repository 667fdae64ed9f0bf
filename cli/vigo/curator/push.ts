import { open } from 'node:fs/promises'
import type { Command } from 'commander'
import { interruptSignal, paint, print, printJson } from '#cli/shell'
import { ApiError, curatorRoutes } from '#node/api'
import { codeOf, formatSize, hostPlatform, type Platform } from '#node/kit'
import { withAgent } from '../client.ts'
import { platformOption } from './platform.ts'
import { type ProgressMode, progressOption, showProgress } from './progress.ts'
import { checkPush, publishChange, requirePuddle } from './publish.ts'
import { readAndWatch } from './read-and-watch.ts'

/** In place of the hashes that only the upload will tell. */
const NO_HASH = '0'.repeat(64)

export function addPush(curator: Command): void {
  curator
    .command('push <name> [file]')
    .summary('publish a file as a version of an artifact')
    .description(
      'Publish a file as a version of an artifact: push <name>:<version> <file>,\nor push <name> --file F --version V [--os O --arch A].',
    )
    .option('--platform <os/arch>', 'what it runs on (default: this machine)', platformOption)
    .option('--os <os>', 'long form of --platform')
    .option('--arch <arch>', 'long form of --platform')
    .option('--file <file>', 'long form of the second argument')
    .option('--version <version>', 'long form of <name>:<version>')
    .option('--tag <tag...>', 'point tags at it (default: latest)')
    .option('--no-tag', 'point no tag at it')
    .option('--kind <kind>', 'generic, oci-archive, apt-repo, dnf-repo or apk-repo; fixed by the first push')
    .option('--target <spec>', "which machines hold a copy: globs, hosts, key=value, -exclusions; '*' for all")
    .option('--progress <mode>', 'auto, bar, json or none', progressOption, 'auto')
    .option('--json', 'print the result as JSON')
    .action(push)
}

interface PushOptions {
  platform?: Platform
  os?: string
  arch?: string
  file?: string
  version?: string
  tag?: string[] | boolean
  kind?: string
  target?: string
  progress: ProgressMode
  json?: boolean
}

async function push(
  reference: string,
  fileArgument: string | undefined,
  options: PushOptions,
  command: Command,
): Promise<void> {
  const { name, version, path } = whatToPush(reference, fileArgument, options)
  const platform = options.platform ?? {
    ...hostPlatform(),
    ...(options.os && { os: options.os }),
    ...(options.arch && { arch: options.arch }),
  }
  const puddle = await requirePuddle(command)
  const signal = interruptSignal()
  const file = await openFile(path)
  try {
    const { size } = await file.stat()
    const tags = options.tag === false ? [] : Array.isArray(options.tag) ? options.tag : ['latest']
    const change = (blob: { sha: string; sizeBytes: number; chunks: string }) =>
      ({
        type: 'push',
        kind: options.kind ?? null,
        version,
        blob: { ...platform, blobSha: blob.sha, sizeBytes: blob.sizeBytes, chunks: blob.chunks },
        tags,
        target: options.target ?? null,
      }) as const
    await withAgent(
      command,
      async client => {
        await checkPush(client, puddle, name, change({ sha: NO_HASH, sizeBytes: size, chunks: NO_HASH }))
        const display = showProgress(options.progress)
        const startedAt = performance.now()
        const stream = readAndWatch(file, path, bytesDone => {
          const seconds = (performance.now() - startedAt) / 1000
          const bytesPerSecond = seconds > 0 ? bytesDone / seconds : 0
          const secondsLeft = bytesPerSecond > 0 ? (size - bytesDone) / bytesPerSecond : null
          const json = { phase: 'upload', bytesTotal: size, bytesDone, bytesPerSecond, secondsLeft }
          display.update({ ...json, note: '', json })
        })
        try {
          const blob = await client.call(curatorRoutes.upload, {}, { upload: { stream, sizeBytes: size }, signal })
          const { hash } = await publishChange(client, puddle, name, change(blob)).catch(async (error: unknown) => {
            await client.call(curatorRoutes.discard, { sha: blob.sha }).catch(() => undefined)
            throw error
          })
          display.stop()
          const published = { name, version, platform: `${platform.os}/${platform.arch}`, tags, blob, entry: hash }
          if (options.json) return printJson(published)
          print(
            `${paint('green', 'published')} ${paint('bold', `${name}@${version}`)} for ${published.platform}, ${formatSize(blob.sizeBytes)}`,
          )
          print(`  blob  ${blob.sha}`)
          if (tags.length > 0) print(`  tags  ${tags.join(', ')}`)
        } finally {
          display.stop()
        }
      },
      'curator',
    )
  } finally {
    await file.close()
  }
}

function whatToPush(
  reference: string,
  fileArgument: string | undefined,
  options: PushOptions,
): { name: string; version: string; path: string } {
  const [name, inline] = splitAtFirst(reference)
  const version = inline ?? options.version
  const path = fileArgument ?? options.file
  if (version === undefined) throw usage(`say which version this is: push ${name}:<version> <file>`)
  if (path === undefined) throw usage(`say which file to push: push ${name}:${version} <file>`)
  if (inline !== undefined && options.version !== undefined && options.version !== inline) {
    throw usage(`two versions are given, ${inline} and ${options.version}`)
  }
  return { name, version, path }
}

function splitAtFirst(reference: string): [string, string | undefined] {
  const at = reference.search(/[:@]/)
  return at < 0 ? [reference, undefined] : [reference.slice(0, at), reference.slice(at + 1)]
}

async function openFile(path: string) {
  try {
    const file = await open(path, 'r')
    if ((await file.stat()).isFile()) return file
    await file.close()
    throw usage(`${path} is not a file; pack a folder first (tar)`)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw usage(`there is no file ${path}`)
    if (codeOf(error) === 'EACCES') throw usage(`you may not read ${path}`)
    throw error
  }
}

function usage(message: string): ApiError {
  return new ApiError('bad-request', message)
}
