import { type Dirent, existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { print, printJson, printTable } from '#cli/shell'
import { isTracked } from '#config/store'
import { codeOf, VigoError } from '#node/kit'
import { examples } from '../examples-text.ts'
import { placesOf } from './places.ts'

/**
 * - `not-found`: there is no example of that name
 * - `exists`: a file of the example is there already
 */
export class ExampleError extends VigoError<'not-found' | 'exists'> {}

/** Beside the program, in a checkout as in a build. */
const folder = fileURLToPath(new URL('../../../stacks-examples/', import.meta.url))

interface Example {
  readonly name: string
  readonly about: string
  readonly files: readonly string[]
}

export function addExamples(config: Command): void {
  const group = config.command('examples').description('small trees to learn from and to start with')
  group
    .command('list')
    .description('what there is')
    .option('--json', 'print as JSON')
    .action(async (options: { json?: boolean }) => {
      const all = await readExamples()
      if (options.json) return printJson(all)
      printTable(
        ['NAME', 'WHAT IT SHOWS'],
        all.map(({ name, about }) => [name, about]),
        'There are no examples here.',
      )
    })
  group
    .command('copy <name> [dir]')
    .description('put an example into a folder (default: the stacks); never over files that are there')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config examples copy motd', 'into the stacks'],
        ['vigocli config examples copy nginx ./learn', 'to look at it first'],
      ]),
    )
    .action(async (name: string, dir: string | undefined, options: { json?: boolean }, command: Command) => {
      const example = await exampleNamed(name)
      const target = dir === undefined ? placesOf(command).stacks : resolve(dir)
      await copy(example, target)
      if (options.json) return printJson({ name, folder: target, files: example.files })
      print(`Copied to ${target}:`)
      for (const file of example.files) print(`  ${file}`)
      const stacks = dir === undefined ? '' : ` --stacks ${dir}`
      print(`Read them, change them, then: vigocli config publish --dry-run${stacks}`)
    })
}

async function readExamples(): Promise<Example[]> {
  const folders = (await readdir(folder, { withFileTypes: true })).filter(entry => entry.isDirectory())
  return await Promise.all(
    folders
      .map(({ name }) => name)
      .toSorted()
      .map(readExample),
  )
}

async function readExample(name: string): Promise<Example> {
  const readme = await readFile(join(folder, name, 'README.md'), 'utf8')
  const about = readme.split('\n').find(line => line !== '' && !line.startsWith('#')) ?? ''
  const entries = await readdir(join(folder, name), { withFileTypes: true, recursive: true })
  const files = entries.filter(entry => entry.isFile() && isTracked(entry.name)).map(entry => pathOf(name, entry))
  return { name, about, files: files.toSorted() }
}

function pathOf(name: string, entry: Dirent): string {
  return join(entry.parentPath, entry.name).slice(join(folder, name).length + 1)
}

async function exampleNamed(name: string): Promise<Example> {
  const all = await readExamples()
  const found = all.find(example => example.name === name)
  if (found !== undefined) return found
  const known = all.map(example => example.name).join(', ')
  throw new ExampleError('not-found', `there is no example '${name.slice(0, 100)}'; there are ${known}`)
}

/** All of it or, where a file is in the way, nothing. */
async function copy({ name, files }: Example, target: string): Promise<void> {
  const inTheWay = files.filter(file => existsSync(join(target, file)))
  if (inTheWay.length > 0) throw exists(target, inTheWay)
  for (const file of files) {
    const path = join(target, file)
    await mkdir(dirname(path), { recursive: true })
    const text = await readFile(join(folder, name, file))
    try {
      await using copied = await open(path, 'wx', 0o660)
      await copied.writeFile(text)
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? exists(target, [file]) : error
    }
  }
}

function exists(target: string, files: readonly string[]): ExampleError {
  const which = files.slice(0, 5).join(', ')
  return new ExampleError(
    'exists',
    `${target} has ${which} already; copy the example to another folder and take over what you need`,
  )
}
