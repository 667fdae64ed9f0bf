import { matchesHost } from '#node/kit'
import { isListValue, memberOf, type Value } from '../template/index.ts'
import { ENOUGH_RAM_MB } from './limits.ts'
import type { BuiltinName, WhenLeaf } from './tree.ts'
import { isVersionAtLeast } from './version.ts'

/** The value of a trait, or undefined when the machine has no such trait. */
export type TraitLookup = (path: readonly string[]) => Value | undefined

/** What the traits say: an answer, that a trait is missing or of another kind, or that it is no matter of traits. */
export type TraitAnswer =
  | boolean
  | { readonly problem: 'missing'; readonly path: readonly string[] }
  | { readonly problem: 'kind'; readonly path: readonly string[]; readonly wanted: string }
  | undefined

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i686: '386',
}

export function traitsIn(traits: Value): TraitLookup {
  return path => {
    let value: Value | undefined = traits
    for (const name of path) value = value === undefined ? undefined : memberOf(value, name)
    return value
  }
}

/** Answers a question from traits. */
export function askTraits(leaf: WhenLeaf, lookup: TraitLookup): TraitAnswer {
  if (leaf.kind === 'trait') return isSet(lookup, leaf.path)
  if (leaf.kind === 'identifier') {
    if (leaf.name === 'changed') return undefined
    if (leaf.name === 'has_enough_ram' && lookup([leaf.name]) === undefined) return hasEnoughRam(lookup)
    return isSet(lookup, [leaf.name])
  }
  const [first = '', second = ''] = leaf.arguments
  return QUESTIONS[leaf.name]?.(lookup, String(first), String(second))
}

type Question = (lookup: TraitLookup, first: string, second: string) => TraitAnswer

const QUESTIONS: Readonly<Partial<Record<BuiltinName, Question>>> = {
  os_family: (lookup, family) => compare(lookup, ['os', 'family'], value => isSameName(value, family)),
  distro: (lookup, distro) => compare(lookup, ['os', 'distro'], value => isSameName(value, distro)),
  arch: (lookup, arch) => compare(lookup, ['os', 'arch'], value => architecture(value) === architecture(arch)),
  version_ge: (lookup, least) => compare(lookup, ['os', 'version'], value => isVersionAtLeast(value, least)),
  hostname: (lookup, glob) =>
    compare(lookup, ['network', 'hostname'], value => matchesHost(glob, value.slice(0, MAX_HOSTNAME))),
  trait: (lookup, path, wanted) => holds(lookup, path.split('.'), wanted),
}

const MAX_HOSTNAME = 255

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

function isSet(lookup: TraitLookup, path: readonly string[]): TraitAnswer {
  const value = lookup(path)
  if (typeof value === 'boolean') return value
  return value === undefined ? { problem: 'missing', path } : { problem: 'kind', path, wanted: 'true or false' }
}

function hasEnoughRam(lookup: TraitLookup): TraitAnswer {
  const path = ['hardware', 'memory_mb']
  const memory = lookup(path)
  if (typeof memory === 'number') return memory >= ENOUGH_RAM_MB
  return memory === undefined ? { problem: 'missing', path } : { problem: 'kind', path, wanted: 'a number' }
}

function compare(lookup: TraitLookup, path: readonly string[], test: (value: string) => boolean): TraitAnswer {
  const value = lookup(path)
  if (typeof value === 'string') return test(value)
  if (typeof value === 'number') return test(String(value))
  return value === undefined ? { problem: 'missing', path } : { problem: 'kind', path, wanted: 'text' }
}

function holds(lookup: TraitLookup, path: readonly string[], wanted: string): TraitAnswer {
  const value = lookup(path)
  if (value === undefined) return { problem: 'missing', path }
  if (isListValue(value)) return value.some(item => !isDeep(item) && String(item) === wanted)
  return isDeep(value) ? { problem: 'kind', path, wanted: 'a single value or a list' } : String(value) === wanted
}

function isDeep(value: Value): value is Exclude<Value, string | number | boolean | null> {
  return typeof value === 'object' && value !== null
}

function architecture(name: string): string {
  const lower = name.toLowerCase()
  return Object.hasOwn(ARCHITECTURES, lower) ? ARCHITECTURES[lower]! : lower
}
