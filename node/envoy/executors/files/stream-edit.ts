import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { privateFolder } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOptions } from '../executor.ts'
import type { Machine, RunResult } from '../machine.ts'
import { endOf, lastWords } from '../shell.ts'
import { TemporaryName } from '../temporary-name.ts'
import { MAX_CONTENTS_BYTES } from './limits.ts'

const TIMEOUT_MS = 60_000

/**
 * What sed makes of the contents. The commands are in a file, because arguments are shown to everybody. Where sed knows a sandbox of its
 * own, commands that write files or run programs are refused: looking at a resource changes nothing.
 * @throws ExecutorError
 */
export async function streamEdited(
  contents: Buffer,
  commands: readonly string[],
  machine: Machine,
  options: ExecutorOptions,
): Promise<Buffer> {
  const folder = await privateFolder(join(machine.stateFolder, 'scripts'))
  using name = new TemporaryName()
  const script = join(folder, name.text)
  try {
    await writeFile(script, `${commands.join('\n')}\n`, { flag: 'wx', mode: 0o600 })
    let result = await runSed(['--sandbox', '-f', script], contents, machine, options)
    if (hasNoSandbox(result)) result = await runSed(['-f', script], contents, machine, options)
    if (result.exitCode === 0) return bounded(Buffer.from(result.stdout, 'utf8'))
    const words = lastWords(result).replaceAll(script, 'stream_edit')
    throw new ExecutorError('failed', `sed ${endOf(result, TIMEOUT_MS)}: ${words}`)
  } finally {
    await rm(script, { force: true })
  }
}

async function runSed(
  args: readonly string[],
  stdin: Buffer,
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<RunResult> {
  return await machine.run('sed', args, {
    signal,
    stdin,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: 2 * MAX_CONTENTS_BYTES,
  })
}

/** Output that was too long has lost its middle. */
function bounded(contents: Buffer): Buffer {
  if (contents.length <= MAX_CONTENTS_BYTES) return contents
  throw new ExecutorError('failed', `stream_edit makes more than ${MAX_CONTENTS_BYTES} bytes`)
}

function hasNoSandbox({ exitCode, stderr }: RunResult): boolean {
  return exitCode !== 0 && /option/i.test(stderr) && /sandbox/.test(stderr)
}
