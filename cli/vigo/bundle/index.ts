import { createReadStream } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { interruptSignal, paint, print, printJson, statusLine } from '#cli/shell'
import { type AppliedBundle, agentRoutes } from '#node/api'
import { formatSize, parseDuration, VigoError } from '#node/kit'
import { withAgent } from '../client.ts'

/** What the last frame of a whole bundle ends with. */
const END = /"sha256":"[0-9a-f]{64}"\}$/
const END_LENGTH = 80

export function addBundle(swarm: Command): void {
  const bundle = swarm.command('bundle').description('carry everything to a fleet without a connection, as one file')
  bundle
    .command('create')
    .description('write all records, blobs and projects of this machine into a file (administrator)')
    .requiredOption('-o, --output <file>', 'where to')
    .addOption(
      new Option(
        '--since <time>',
        'leave out blobs and commits from before: 7d, 2026-01-31 or an ISO 8601 time',
      ).argParser(sinceOption),
    )
    .option('--json', 'print the result as JSON')
    .action(create)
  bundle
    .command('apply <file>')
    .description('take everything of a bundle that can be verified; may be done again (administrator)')
    .option('--json', 'print the result as JSON')
    .action(apply)
}

function sinceOption(text: string): number {
  if (/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/.test(text)) return Date.now() - parseDuration(text)
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new InvalidArgumentError('write 7d, 2026-01-31 or an ISO 8601 time')
  return time
}

async function create(options: { output: string; since?: number; json?: boolean }, command: Command): Promise<void> {
  const path = resolve(options.output)
  const temporary = `${path}.part`
  const signal = interruptSignal()
  const line = statusLine()
  await withAgent(command, async client => {
    const stream = await client.openStream('/v1/bundle', { since: String(options.since ?? 0) })
    const file = await open(temporary, 'w', 0o600)
    let sizeBytes = 0
    let tail = ''
    try {
      const stop = (): void => {
        stream.destroy(signal.reason)
      }
      signal.addEventListener('abort', stop, { once: true })
      for await (const part of stream as AsyncIterable<Buffer>) {
        await file.write(part)
        sizeBytes += part.byteLength
        tail = (tail + part.subarray(-END_LENGTH).toString('latin1')).slice(-END_LENGTH)
        line.show(`writing ${formatSize(sizeBytes)}`)
      }
      signal.removeEventListener('abort', stop)
      if (!END.test(tail)) throw new VigoError('broken-answer', 'the agent broke off; see its log, and try again')
      await file.sync()
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    } finally {
      line.clear()
      await file.close()
    }
    await rename(temporary, path)
    if (options.json) return printJson({ file: path, sizeBytes })
    print(`Wrote ${path}, ${formatSize(sizeBytes)}. There: vigo swarm bundle apply ${options.output}`)
  })
}

async function apply(file: string, options: { json?: boolean }, command: Command): Promise<void> {
  const { size: sizeBytes } = await stat(file)
  const signal = interruptSignal()
  const line = statusLine()
  const stream = Readable.from(
    counted(file, read => line.show(`applying ${formatSize(read)} of ${formatSize(sizeBytes)}`)),
    { objectMode: false },
  )
  const applied = await withAgent(command, client =>
    client.call(agentRoutes.applyBundle, {}, { upload: { stream, sizeBytes }, signal }),
  ).finally(() => line.clear())
  if (options.json) printJson(applied)
  else tell(applied)
  if (applied.problems.length > 0) process.exitCode = 1
}

async function* counted(file: string, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  let read = 0
  for await (const part of createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    read += part.byteLength
    onRead(read)
    yield part
  }
}

function tell({ from, createdAt, records, blobs, projects, problems }: AppliedBundle): void {
  print(`Applied the bundle that ${from || 'another machine'} wrote on ${new Date(createdAt).toISOString()}.`)
  print(`  records   ${records.fresh} new, ${records.known} known`)
  print(`  blobs     ${blobs.fresh} new, ${blobs.known} known`)
  print(`  projects  ${projects.fresh} brought up to date, ${projects.notHeld} not held here`)
  for (const problem of problems) print(`  ${paint('yellow', 'refused')}   ${problem}`)
}
