import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '#node/kit'

export type Traits = Readonly<Record<string, unknown>>

/** How long what was found is good: it is collected again at the next check-in, after minutes, or about hourly. */
export type Freshness = 'volatile' | 'stable' | 'periodic'

/**
 * Finds out some traits of a machine. What changes all the time (load, free memory, uptime) is no trait: each change is sent to
 * the server, and may give the host another bundle.
 */
export interface Collector {
  readonly name: string
  readonly freshness: Freshness
  /** Top-level traits by name. Whatever it throws is logged, and these traits are left out. */
  collect(host: HostView, options: { signal: AbortSignal }): Promise<Traits>
}

/** The machine as collectors see it. */
export interface HostView {
  /** What the machine is called in its fleet. */
  readonly hostname: string
  /** Text of a file, or null when there is none or it may not be read. */
  text(path: string): Promise<string | null>
  exists(path: string): Promise<boolean>
  /** What a program prints, or null when it is not there or fails. */
  output(program: string, args: readonly string[], options: { signal: AbortSignal }): Promise<string | null>
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/** The real machine, or another tree of files for tests. */
export function hostView(hostname: string, root = '/'): HostView {
  return {
    hostname,
    text: path => readFile(join(root, path), 'utf8').catch(() => null),
    exists: path =>
      stat(join(root, path)).then(
        () => true,
        () => false,
      ),
    output: (program, args, { signal }) =>
      new Promise((resolve, reject) => {
        const env = { ...process.env, LC_ALL: 'C' }
        execFile(
          program,
          args,
          { signal, env, maxBuffer: MAX_OUTPUT_BYTES, killSignal: 'SIGKILL' },
          (error, stdout) => {
            if (signal.aborted) reject(signal.reason)
            else if (error !== null && codeOf(error) !== 'ENOENT' && typeof error.code !== 'number') reject(error)
            else resolve(error === null ? stdout : null)
          },
        )
      }),
  }
}
