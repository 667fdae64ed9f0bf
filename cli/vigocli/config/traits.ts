import { readFile, stat } from 'node:fs/promises'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { collect } from '#cli/shell'
import { Diagnostics, MAX_SOURCE_BYTES, parseSource, plainOf, renderDiagnostic } from '#config/lang'
import type { Traits } from '#config/store'
import { ApiError } from '#node/api/errors'
import { messageOf } from '#node/kit'

export interface TraitOptions {
  traits?: string
  trait: string[]
}

/** Options of the verbs that say what one host gets. */
export function withTraits(command: Command): Command {
  return command
    .option('--traits <file>', 'what the machine says of itself, as JSON or YAML')
    .addOption(
      new Option('--trait <key=value>', 'one trait, os.family=debian (repeatable)')
        .argParser((text: string, before: string[]) => collect(checked(text), before))
        .default([]),
    )
}

/** Undefined when none are given: then nothing is known of the machine. @throws ApiError 'bad-request' */
export async function readTraits({ traits: file, trait }: TraitOptions): Promise<Traits | undefined> {
  if (file === undefined && trait.length === 0) return undefined
  const traits: TraitMap = file === undefined ? new Map() : await readTraitFile(file)
  for (const each of trait) {
    const equals = each.indexOf('=')
    set(traits, each.slice(0, equals).split('.'), typed(each.slice(equals + 1)), each)
  }
  return traits as Traits
}

type TraitMap = Map<string, unknown>

async function readTraitFile(path: string): Promise<TraitMap> {
  const text = await readText(path)
  const found = new Diagnostics()
  const { root } = parseSource({ path, text }, found)
  const [first] = found.sorted.filter(({ severity }) => severity === 'error')
  if (first !== undefined) throw new ApiError('bad-request', renderDiagnostic(first).split('\n')[0] ?? '')
  if (root?.kind !== 'map')
    throw new ApiError('bad-request', `${path} has no traits; write for example {"os": {"family": "debian"}}`)
  return mapOf(plainOf(root)) as TraitMap
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= MAX_SOURCE_BYTES) return await readFile(path, 'utf8')
  } catch (error) {
    throw new ApiError('bad-request', `the traits cannot be read: ${messageOf(error)}`)
  }
  throw new ApiError('bad-request', `${path} is larger than ${MAX_SOURCE_BYTES} bytes; give the traits of one machine`)
}

/** Maps for records, so that traits can be set in them whatever they are called. */
function mapOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mapOf)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([key, each]) => [key, mapOf(each)]))
}

function set(map: TraitMap, [key = '', ...rest]: readonly string[], value: unknown, text: string): void {
  if (rest.length === 0) {
    map.set(key, value)
    return
  }
  const inner = map.get(key) ?? new Map<string, unknown>()
  if (!(inner instanceof Map))
    throw new ApiError('bad-request', `--trait ${text}: '${key}' is a value already, nothing can be below it`)
  map.set(key, inner)
  set(inner, rest, value, text)
}

/** `true`, `false` and whole numbers as such, everything else as text: `24.04` is a version. */
function typed(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : text
}

function checked(text: string): string {
  if (/^[^=.]{1,100}(?:\.[^=.]{1,100}){0,7}=/.test(text)) return text
  throw new InvalidArgumentError('must be a path and a value, for example os.family=debian')
}
