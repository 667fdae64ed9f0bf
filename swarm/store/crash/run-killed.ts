import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** For `node --import`: see its comment. */
export const CRASH_PRELOAD: string = new URL('./preload.ts', import.meta.url).href

export interface KilledRunOptions {
  /** Path of a module to run. It prints one line after each thing that it knows to be durable. */
  script: string
  args?: readonly string[]
  /** Killed just before this change of a file, counted from 1. Default: never. */
  at?: number
  env?: Readonly<Record<string, string>>
  timeoutMs?: number
}

export interface KilledRun {
  readonly killed: boolean
  /** Changes of files in a run that ended by itself. */
  readonly operations: number | null
  /** What it had printed, whole lines only. */
  readonly acknowledged: readonly string[]
}

/** Runs a script under the crash harness. @throws when it fails by itself, or takes too long */
export async function runKilled(options: KilledRunOptions): Promise<KilledRun> {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-crash-report-'))
  const report = join(folder, 'operations')
  try {
    const { code, signal, stdout, stderr } = await runNode(options, report)
    const acknowledged = stdout
      .slice(0, stdout.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(line => line !== '')
    if (signal === 'SIGKILL' && options.at !== undefined) return { killed: true, operations: null, acknowledged }
    if (code !== 0) throw new Error(`${options.script} ended with ${code ?? signal}: ${stderr}`)
    return { killed: false, operations: Number(await readFile(report, 'utf8')), acknowledged }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Ended {
  code: number | null
  signal: string | null
  stdout: string
  stderr: string
}

function runNode(
  { script, args = [], at = 0, env = {}, timeoutMs = 30_000 }: KilledRunOptions,
  report: string,
): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  const child = spawn(process.execPath, ['--import', CRASH_PRELOAD, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, VIGO_CRASH_AT: String(at), VIGO_CRASH_REPORT: report },
  })
  let stdout = ''
  let stderr = ''
  const timer = setTimeout(() => {
    child.kill('SIGKILL')
    reject(new Error(`${script} took longer than ${timeoutMs} ms; it had printed: ${stdout}${stderr}`))
  }, timeoutMs)
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.on('error', reject)
  child.on('close', (code, signal) => {
    clearTimeout(timer)
    resolve({ code, signal, stdout, stderr })
  })
  return promise
}

/** True in the process that was started with this module as its script. */
export function isScript(moduleUrl: string): boolean {
  return process.argv[1] !== undefined && fileURLToPath(moduleUrl) === process.argv[1]
}
