import { type Dirent, lstatSync, opendirSync } from 'node:fs'
import type { Diagnostic } from '#config/lang'
import { codeOf, formatSize } from '#node/kit'
import { isHidden, isTemporary, isTracked, nameProblem, shownName } from './file-names.ts'
import type { TreeLimits } from './limits.ts'
import { linkProblem } from './symbolic-link.ts'
import { type FileProblem, type FileReading, NOT_A_FILE, readTrackedFile, unreadable } from './tracked-file.ts'
import { comparePaths, type TreeFile } from './tree.ts'

/** Whoever has more has one cause for them. */
const MAX_PROBLEMS = 1000

/** Directory entries between two moments at which others may run. */
const BREATH = 256

export interface WalkOptions extends Omit<FileReading, 'maxBytes'> {
  readonly limits: TreeLimits
}

/** One reading of one tree. `walk` yields every now and then, so that its caller can pause. */
export class TreeWalk {
  readonly files: TreeFile[] = []
  readonly leftovers: string[] = []
  readonly #root: string
  readonly #limits: TreeLimits
  readonly #reading: FileReading
  readonly #problems: Diagnostic[] = []
  #problemsLeftOut = 0
  #entries = 0
  #bytes = 0
  #isOver = false

  constructor(root: string, { limits, ...reading }: WalkOptions) {
    this.#root = root
    this.#limits = limits
    this.#reading = { ...reading, maxBytes: limits.maxFileBytes }
  }

  get problems(): readonly Diagnostic[] {
    return this.#problems.toSorted((a, b) => comparePaths(a.span.file.path, b.span.file.path))
  }

  get problemsLeftOut(): number {
    return this.#problemsLeftOut
  }

  get isWhole(): boolean {
    return !this.#isOver
  }

  get entries(): number {
    return this.#entries
  }

  *walk(): Generator<void> {
    yield* this.#folder('', 0)
  }

  *#folder(path: string, depth: number): Generator<void> {
    const folders: string[] = []
    try {
      using folder = opendirSync(this.#absolute(path), { bufferSize: 256 })
      for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
        if (this.#look(entry, join(path, entry.name), depth) === 'folder') folders.push(entry.name)
        if (this.#isOver) return
        if (this.#entries % BREATH === 0) yield
      }
    } catch (error) {
      const code = codeOf(error)
      if (code === undefined) throw error
      this.#problem(path, unreadable(code))
    }
    for (const name of folders) yield* this.#folder(join(path, name), depth + 1)
  }

  /** Answers 'folder' for one that is to be entered. */
  #look(entry: Dirent, path: string, depth: number): 'folder' | undefined {
    if (++this.#entries > this.#limits.maxEntries) {
      this.#stop('too-many-entries', `has more than ${this.#limits.maxEntries} files and folders`)
      return
    }
    const { name } = entry
    if (isHidden(name)) {
      if (isTemporary(name) && isTracked(name) && entry.isFile()) this.leftovers.push(path)
      return
    }
    const kind = this.#kindOf(entry, path)
    if (kind === 'link') return this.#problem(path, linkProblem(this.#absolute(path), name, this.#root))
    if (kind !== 'folder' && !isTracked(name)) return
    const wrongName = nameProblem(name)
    if (wrongName !== undefined) return this.#problem(path, { ...NAME_PROBLEM, message: wrongName })
    if (kind === 'other') return this.#problem(path, NOT_A_FILE)
    if (kind === 'file') return this.#read(path)
    if (depth + 1 > this.#limits.maxDepth) return this.#problem(path, tooDeep(this.#limits.maxDepth))
    return 'folder'
  }

  #read(path: string): undefined {
    const read = readTrackedFile(this.#absolute(path), path, this.#reading)
    if ('message' in read) return this.#problem(path, read)
    this.#bytes += read.stamp?.sizeBytes ?? read.bytes.byteLength
    if (this.#bytes > this.#limits.maxTotalBytes) {
      return this.#stop('tree-too-large', `has more than ${formatSize(this.#limits.maxTotalBytes)} of configuration`)
    }
    if (this.files.length >= this.#limits.maxFiles) {
      return this.#stop('too-many-files', `has more than ${this.#limits.maxFiles} .vgo and .tmpl files`)
    }
    this.files.push(read)
  }

  /** Some file systems leave the kind out of their listings. */
  #kindOf(entry: Dirent, path: string): 'file' | 'folder' | 'link' | 'other' {
    if (entry.isFile()) return 'file'
    if (entry.isDirectory()) return 'folder'
    if (entry.isSymbolicLink()) return 'link'
    const stat = lstatSync(this.#absolute(path), { throwIfNoEntry: false })
    if (stat?.isFile()) return 'file'
    if (stat?.isDirectory()) return 'folder'
    return stat?.isSymbolicLink() ? 'link' : 'other'
  }

  #stop(code: string, message: string): undefined {
    this.#isOver = true
    return this.#problem('', { code, message, hint: 'name the folder that has only the configuration, or divide it' })
  }

  #problem(path: string, problem: FileProblem | undefined): undefined {
    if (problem === undefined) return
    const shown = shownName(path)
    const message = `${shown === '' ? 'the tree' : `'${shown}'`} ${problem.message}`
    const file = { path: shown === '' ? '.' : shown, text: '' }
    if (this.#problems.length === MAX_PROBLEMS) this.#problemsLeftOut++
    else this.#problems.push({ ...problem, severity: 'error', message, span: { file, start: 0, end: 0 }, related: [] })
  }

  #absolute(path: string): string {
    return path === '' ? this.#root : `${this.#root}/${path}`
  }
}

const NAME_PROBLEM = { code: 'bad-name', hint: 'rename it: letters, digits, and . _ - after the first' }

function tooDeep(maxDepth: number): FileProblem {
  return {
    code: 'too-deep',
    message: `is more than ${maxDepth} folders deep`,
    hint: 'move it up; the depth of the tree is the depth of inheritance',
  }
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}
