import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize, messageOf, parseSize } from '#node/kit'
import { describeMachine } from './harness/machine.ts'
import { Scope } from './harness/scope.ts'
import { renderTable } from './harness/table.ts'
import type { Line, Row } from './harness/types.ts'
import { rows } from './rows/index.ts'

const USAGE = `npm run bench -- [row...] [--pairs N] [--size 256MiB] [--json FILE] [--profile FOLDER] [--list]

  row             measure only these (see --list); default: all
  --pairs N       interleaved pairs per row after one that warms up (default: 5)
  --size SIZE     no blob larger than this, for a quick look
  --json FILE     also write machine and results as JSON
  --profile DIR   let the peers write CPU profiles there
  --list          say what the rows measure
`

const stop = new AbortController()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '5' },
      size: { type: 'string' },
      json: { type: 'string' },
      profile: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(USAGE)
  if (values.list) return print(`${rows.map(({ name, summary }) => `${name.padEnd(16)} ${summary}`).join('\n')}\n`)
  const pairs = Number(values.pairs)
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs must be a whole number of at least 1')
  const largest = values.size === undefined ? Number.POSITIVE_INFINITY : parseSize(values.size)
  const profileFolder = values.profile === undefined ? null : resolve(values.profile)
  if (profileFolder !== null) await mkdir(profileFolder, { recursive: true })

  const machine = await describeMachine()
  const lines: Line[] = []
  for (const row of chosen(positionals)) {
    lines.push(...(await measure(row, { pairs, largest, profileFolder })))
    if (stop.signal.aborted) return 130
  }
  const scale = values.size === undefined ? '' : `, scaled down to blobs of at most ${formatSize(largest)}`
  const { cpu, cores, memory, kernel, system, node } = machine
  print(`\n${cpu}, ${cores} cores, ${memory}, ${system}, ${kernel}, Node ${node}; ${pairs} pairs${scale}\n\n`)
  print(`${renderTable(lines)}\n`)
  if (values.json !== undefined) {
    await writeFile(
      values.json,
      `${JSON.stringify({ machine, pairs, scaledTo: values.size ?? null, lines }, null, 2)}\n`,
    )
  }
  return 0
}

function chosen(names: readonly string[]): readonly Row[] {
  for (const name of names) {
    if (rows.some(row => row.name === name)) continue
    throw new Error(`there is no row '${name}'; there are ${rows.map(row => row.name).join(', ')}`)
  }
  return names.length === 0 ? rows : rows.filter(row => names.includes(row.name))
}

async function measure(
  row: Row,
  options: { pairs: number; largest: number; profileFolder: string | null },
): Promise<Line[]> {
  const say = (text: string): void => void process.stderr.write(`${row.name}: ${text}\n`)
  const scope = await Scope.open()
  const onStop = (): void => void scope.close()
  stop.signal.addEventListener('abort', onStop, { once: true })
  const size = (bytes: number): number => Math.min(bytes, options.largest)
  try {
    return await row.run({ scope, size, say, pairs: options.pairs, profileFolder: options.profileFolder })
  } catch (error) {
    if (stop.signal.aborted) return []
    say(error instanceof Error ? (error.stack ?? error.message) : String(error))
    return [{ row: row.name, skipped: `failed: ${messageOf(error).split('\n')[0]}` }]
  } finally {
    stop.signal.removeEventListener('abort', onStop)
    await scope.close()
  }
}

function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    process.stderr.write('stopping\n')
    stop.abort()
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
