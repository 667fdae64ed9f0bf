import { execFile, execFileSync } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Job {
  readonly template: string
  readonly data: unknown
}

export type Outcome = { readonly text: string } | { readonly error: string }

/** The version of Go that is on the PATH, or why there is none. */
export function goVersion():
  | { readonly found: true; readonly version: string }
  | { readonly found: false; readonly why: string } {
  try {
    return { found: true, version: execFileSync('go', ['version'], { encoding: 'utf8', timeout: 60_000 }).trim() }
  } catch (error) {
    return { found: false, why: error instanceof Error ? error.message : String(error) }
  }
}

/** What text/template makes of the jobs. Builds a program in a temporary folder, which is removed again. */
export async function renderWithGo(jobs: readonly Job[]): Promise<readonly Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-go-template-'))
  try {
    await cp(fileURLToPath(new URL('render.go', import.meta.url)), join(folder, 'main.go'))
    await writeFile(join(folder, 'go.mod'), 'module render\n\ngo 1.21\n')
    await run('go', ['build', '-o', 'render', '.'], folder, '')
    return JSON.parse(await run('./render', [], folder, JSON.stringify(jobs)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function run(program: string, args: readonly string[], folder: string, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '' }
    const options = { cwd: folder, env, timeout: 240_000, maxBuffer: 256 * 1024 * 1024 }
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program}: ${stderr || error.message}`))
      else resolve(stdout)
    })
    child.stdin?.end(input)
  })
}
