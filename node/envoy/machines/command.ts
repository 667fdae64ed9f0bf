import { spawn } from 'node:child_process'

/** What a program printed and how it ended. */
export interface Ran {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly stdin?: string | Uint8Array
  readonly environment?: Readonly<Record<string, string>>
  /** After this it is killed. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 60_000

/** Runs a program of the test machine's host to its end. Rejects only when it cannot be started. */
export function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...options.environment },
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', exitCode => resolve({ exitCode, stdout, stderr }))
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.stdin)
  })
}

/** As `command`, but a program that fails is an error that says what it printed. */
export async function mustRun(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const ran = await command(program, args, options)
  if (ran.exitCode === 0) return ran.stdout
  const said = `${ran.stderr}\n${ran.stdout}`.trim().slice(-2000)
  throw new Error(`${[program, ...args].join(' ').slice(0, 300)} ended with ${ran.exitCode ?? 'a signal'}: ${said}`)
}
