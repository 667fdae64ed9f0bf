import { setImmediate } from 'node:timers/promises'
import {
  checkTemplateFile,
  type Declarations,
  type Diagnostic,
  Diagnostics,
  readDeclarations,
  type SourceFile,
} from '#config/lang'
import { sha256Hex } from '#node/kit'
import { comparePaths } from '../release/index.ts'
import { checkCarriers } from './carriers.ts'
import type { Claims, Common, ConfigStore, Crate, Waiver } from './config-store.ts'
import { indexCrates } from './crates.ts'
import { hashOfCrate } from './dependencies.ts'
import { orderEntries, warnOfUnreachable } from './entries.ts'
import { checkEnvironments, indexEnvironments } from './environments.ts'
import { folderOf } from './folders.ts'
import { hashOfSource, type Memory } from './memory.ts'
import { indexByName } from './names.ts'
import { decodeDeclarations, encodeDeclarations, wordsIn } from './remembered.ts'
import { checkResourceReferences } from './resource-references.ts'
import { checkTemplateSources } from './template-sources.ts'
import { carriedVariables, checkForeach, warnOfTemplates } from './variables.ts'
import { checkWorkflows } from './workflows.ts'

interface ReadFile {
  readonly file: SourceFile
  /** Undefined for a template. */
  readonly declarations: Declarations | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Other texts for files that mean something else to others; undefined where something is wrong with it, or nobody remembers. */
  readonly meaning: string | undefined
}

/** What files declare, so that the next load reads changed ones only. Whoever loads a tree more than once keeps one. */
export class ReadCache {
  readonly memory: Memory | undefined
  #files = new Map<string, ReadFile>()

  /** `memory`: what another process may have found. */
  constructor(memory?: Memory) {
    this.memory = memory
  }

  /** Reads what it does not know; afterwards it knows these files and no others. */
  read(files: readonly SourceFile[]): readonly ReadFile[] {
    const read = files.map(file => this.#read(file))
    this.#files = new Map(read.map(each => [each.file.path, each]))
    return read
  }

  /** Reads ahead what it does not know, and lets others run meanwhile: a large tree takes seconds. Forgets nothing. */
  async warm(files: readonly SourceFile[], options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    let restedAt = performance.now()
    for (const file of files.filter(isTracked)) {
      if (performance.now() - restedAt > BREATH_MS) {
        await setImmediate()
        options.signal?.throwIfAborted()
        restedAt = performance.now()
      }
      this.#files.set(file.path, this.#read(file))
    }
  }

  #read(file: SourceFile): ReadFile {
    const known = this.#files.get(file.path)
    if (known === undefined || hashOfSource(known.file) !== hashOfSource(file)) return readOne(file, this.memory)
    this.memory?.recall(keyOf(known.file))
    return known
  }
}

/** Milliseconds of work between two moments at which others may run. */
const BREATH_MS = 10

function isTracked({ path }: SourceFile): boolean {
  return path.endsWith('.vgo') || path.endsWith('.tmpl')
}

export interface LoadOptions {
  /** Hash of the release that the files are. */
  readonly release?: string
  readonly cache?: ReadCache
}

/**
 * Everything that a tree declares, with everything that is wrong with it as far as no host needs to be known. The order of the files
 * does not matter. Pure; files that are neither `.vgo` nor `.tmpl` are left out.
 */
export function loadConfig(files: readonly SourceFile[], options: LoadOptions = {}): ConfigStore {
  const { release = '', cache = new ReadCache() } = options
  const tracked = files.filter(isTracked)
  const read = cache.read(tracked.toSorted((a, b) => comparePaths(a.path, b.path)))
  const sorted = read.map(({ file }) => file)
  const templates = new Map(sorted.filter(({ path }) => path.endsWith('.tmpl')).map(file => [file.path, file]))
  const all = read.map(({ declarations }) => declarations).filter(declarations => declarations !== undefined)
  const diagnostics = new Diagnostics()
  for (const each of read) diagnostics.addAll(each.diagnostics)
  const shape = shapeOf(read)
  const isKnown = shape !== undefined && cache.memory?.recall(keyOfTree(shape)) !== undefined

  const crates = indexCrates(all, diagnostics, isKnown)
  const named = <T extends { readonly name: Declarations['tasks'][number]['name'] }>(
    what: string,
    of: (each: Declarations) => readonly T[],
  ) => indexByName(all.flatMap(of), what, diagnostics)
  const roles = named('roles', each => each.roles)
  const tasks = named('tasks', each => each.tasks)
  const workflows = named('workflows', each => each.workflows)
  const environments = indexEnvironments(all, diagnostics)
  const entries = orderEntries(all)
  if (!isKnown) {
    checkCarriers(all, { ...crates, roles }, diagnostics)
    checkEnvironments(entries, environments, diagnostics)
    checkWorkflows(workflows.values(), tasks, diagnostics)
    warnOfUnreachable(entries, diagnostics)
  }
  const carried = isKnown ? NO_NAMES : carriedVariables(all)
  for (const crate of [...crates.configcrates.values(), ...crates.usercrates.values()]) {
    checkReferences(crate, cache.memory, diagnostics)
    if (isKnown) continue
    checkTemplateSources(crate, templates, diagnostics)
    checkForeach(crate, carried, diagnostics)
  }
  if (shape !== undefined && diagnostics.sorted.length === 0) cache.memory?.keep(keyOfTree(shape), '')
  const unreadable = new Set(read.filter(isUnreadable).map(({ file }) => nameOf(file)))
  const found = diagnostics.sorted.filter(each => !isOfUnreadable(each, unreadable))
  return {
    release,
    shape,
    files: new Map(sorted.map(file => [file.path, file])),
    templates,
    ...crates,
    roles,
    entries,
    commons: commonsOf(all),
    environments,
    waivers: all.flatMap(waiversOf),
    claims: all.flatMap(claimsOf),
    tasks,
    workflows,
    counts: { configcrates: crates.configcrates.size, roles: roles.size, envoyEntries: entries.length },
    diagnostics: found,
    hasErrors: diagnostics.hasErrors,
  }
}

const NO_NAMES: ReadonlySet<string> = new Set()

function readOne(file: SourceFile, memory: Memory | undefined): ReadFile {
  const key = keyOf(file)
  const known = memory?.recall(key)
  if (known !== undefined) {
    const declarations = known === '' ? undefined : decodeDeclarations(known, file)
    return { file, declarations, diagnostics: [], meaning: meaningOf(file, known) }
  }
  const found = new Diagnostics()
  if (file.path.endsWith('.tmpl')) checkTemplateFile(file, found)
  const declarations = file.path.endsWith('.vgo') ? readDeclarations(file, found) : undefined
  if (declarations !== undefined) warnOfTemplates(declarations, found)
  const diagnostics = found.sorted
  const isSilent = memory !== undefined && diagnostics.length === 0
  const text = isSilent ? (declarations === undefined ? '' : encodeDeclarations(declarations)) : undefined
  if (text !== undefined) memory?.keep(key, text)
  return { file, declarations, diagnostics, meaning: text === undefined ? undefined : meaningOf(file, text) }
}

/** `text`: what is remembered of it. */
function meaningOf(file: SourceFile, text: string): string {
  return text === '' ? file.path : `${file.path} ${wordsIn(text) ?? hashOfSource(file)}`
}

function shapeOf(read: readonly ReadFile[]): string | undefined {
  const meanings = read.map(({ meaning }) => meaning)
  return meanings.includes(undefined) ? undefined : sha256Hex(JSON.stringify(meanings))
}

/** Of a tree whose names, entries and environments agree with each other. */
function keyOfTree(shape: string): string {
  return `tree ${shape}`
}

function keyOf(file: SourceFile): string {
  return `file ${hashOfSource(file)}`
}

function checkReferences(crate: Crate, memory: Memory | undefined, diagnostics: Diagnostics): void {
  const { length } = crate.declaration.dependsOn
  if (length === 0) return
  const key = length === crate.dependsOn.length ? `references ${hashOfCrate(crate)}` : undefined
  if (key !== undefined && memory?.recall(key) !== undefined) return
  const before = diagnostics.errorCount
  checkResourceReferences(crate, diagnostics)
  if (key !== undefined && diagnostics.errorCount === before) memory?.keep(key, '')
}

/** A crate that could not be read is there all the same: whoever refers to it made no mistake. */
function isUnreadable({ declarations, diagnostics }: ReadFile): boolean {
  if (declarations === undefined || !diagnostics.some(({ severity }) => severity === 'error')) return false
  const { configcrates, usercrates, roles, tasks } = declarations
  return [configcrates, usercrates, roles, tasks].every(all => all.length === 0)
}

function nameOf({ path }: SourceFile): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.vgo$/, '')
}

const REFERENCES = new Set(['unknown-configcrate', 'unknown-usercrate', 'unknown-role', 'unknown-task'])

function isOfUnreadable({ code, span: { file, start, end } }: Diagnostic, names: ReadonlySet<string>): boolean {
  return REFERENCES.has(code) && names.has(file.text.slice(start, end).replaceAll(/["']/g, ''))
}

function commonsOf(all: readonly Declarations[]): ReadonlyMap<string, Common> {
  return new Map(
    all.flatMap(({ file, common }) => {
      const folder = folderOf(file.path)
      return common === undefined ? [] : [[folder, { folder, declaration: common }] as const]
    }),
  )
}

function waiversOf({ file, waivers }: Declarations): Waiver[] {
  return waivers.map(declaration => ({ folder: folderOf(file.path), declaration }))
}

function claimsOf({ file, compliance }: Declarations): Claims[] {
  return compliance === undefined ? [] : [{ folder: folderOf(file.path), file, map: compliance }]
}
