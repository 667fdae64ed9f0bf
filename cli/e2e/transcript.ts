import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const top = fileURLToPath(new URL('../..', import.meta.url))
const COMMAND_TIMEOUT_MS = 60_000

/** One fenced block of a document: a file that it puts on the machine, or commands with what they print. */
export type Block =
  | { readonly kind: 'file'; readonly path: string; readonly content: string }
  | { readonly kind: 'console'; readonly line: number; readonly text: string }

export interface Mismatch {
  readonly line: number
  readonly expected: string
  readonly actual: string
}

/**
 * A document whose examples run. ```` ```yaml /srv/vigo/stacks/envoys.vgo ```` writes a file, ```` ```console ```` has lines `$ command`,
 * each with what it prints on both outputs below it. `...` stands for any text of a line, or, alone on a line, for any lines. A command that does
 * not end with 0 has `(exit code 1)` as its last line. Commands run in `/srv/vigo/stacks` of a machine of their own.
 */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  for (const match of markdown.matchAll(/^```(\S+)(?: (\S+))?\n([\s\S]*?)^```$/gm)) {
    const [, language, path, content = ''] = match
    const line = markdown.slice(0, match.index).split('\n').length
    if (path !== undefined) blocks.push({ kind: 'file', path, content })
    else if (language === 'console') blocks.push({ kind: 'console', line, text: content })
  }
  return blocks
}

/** A machine below a temporary folder, as the commands of a document see it. */
export class ExampleMachine implements AsyncDisposable {
  readonly root: string

  private constructor(root: string) {
    this.root = root
  }

  static async open(): Promise<ExampleMachine> {
    const machine = new ExampleMachine(await mkdtemp(join(tmpdir(), 'vigo-example-')))
    await mkdir(machine.path('/srv/vigo/stacks'), { recursive: true, mode: 0o770 })
    return machine
  }

  path(absolute: string): string {
    return join(this.root, absolute)
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.path(path)), { recursive: true })
    await writeFile(this.path(path), content)
  }

  /** What a terminal would show, paths as on a real machine. */
  async run(command: string): Promise<{ output: string; code: number | null }> {
    const child = spawn('sh', ['-c', `exec 2>&1; ${command.replaceAll('/srv/vigo', this.path('/srv/vigo'))}`], {
      cwd: this.path('/srv/vigo/stacks'),
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PATH: `${join(top, 'cli/bin')}${delimiter}${process.env['PATH'] ?? ''}`,
        VIGO_ROOT: this.root,
        NO_COLOR: '1',
        VIGO_AUTHOR: 'alice',
      },
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_TIMEOUT_MS)
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString('utf8')))
    const { promise, resolve, reject } = Promise.withResolvers<number | null>()
    child.once('error', reject).once('close', resolve)
    const code = await promise.finally(() => clearTimeout(timer))
    return { output: output.replaceAll(this.root, ''), code }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}

/** Runs the commands of a console block. `text` is the block as it should be, where it is not what was expected. */
export async function runConsole(
  machine: ExampleMachine,
  block: { readonly line: number; readonly text: string },
): Promise<{ mismatches: Mismatch[]; text: string }> {
  const mismatches: Mismatch[] = []
  let text = ''
  for (const { command, expected, line } of stepsOf(block)) {
    const { output, code } = await machine.run(command)
    const lasting = output === '' || output.endsWith('\n') ? output : `${output}\n`
    const actual = code === 0 ? lasting : `${lasting}(exit code ${code})\n`
    const isAsExpected = patternOf(expected).test(actual)
    if (!isAsExpected) mismatches.push({ line, expected, actual })
    text += `$ ${command}\n${isAsExpected ? expected : actual}`
  }
  return { mismatches, text }
}

interface Step {
  readonly command: string
  readonly expected: string
  readonly line: number
}

function stepsOf({ line, text }: { line: number; text: string }): Step[] {
  const steps: Step[] = []
  for (const [at, each] of text.split('\n').slice(0, -1).entries()) {
    const last = steps.at(-1)
    if (each.startsWith('$ ')) steps.push({ command: each.slice(2), expected: '', line: line + at + 1 })
    else if (last !== undefined) steps[steps.length - 1] = { ...last, expected: `${last.expected}${each}\n` }
    else throw new Error(`line ${line}: a console block begins with '$ '`)
  }
  return steps
}

function patternOf(expected: string): RegExp {
  const lines = expected.split('\n').slice(0, -1)
  const source = lines.map(line => (line === '...' ? '(?:[^\\n]*\\n)*?' : `${escaped(line)}\\n`)).join('')
  return new RegExp(`^${source}$`)
}

function escaped(line: string): string {
  return line
    .split('...')
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^\\n]*')
}
