import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Scope } from './scope.ts'

/** The program's path, or null; looks where administrators' programs are, too. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // Not in this folder.
    }
  }
  return null
}

/** Wall time of a program that must succeed. */
export async function run(
  scope: Scope,
  program: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv } = {},
): Promise<{ ms: number; stdout: string }> {
  const startedAt = performance.now()
  const child = scope.spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (data: Buffer) => {
    output.stdout += data.toString()
  })
  child.stderr?.on('data', (data: Buffer) => {
    output.stderr += data.toString()
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) {
    throw new Error(`${program} ${args.join(' ')} exited with ${code}: ${output.stderr.trim().slice(-1000)}`)
  }
  return { ms: performance.now() - startedAt, stdout: output.stdout }
}
