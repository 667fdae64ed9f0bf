import type { Diagnostic, SourceFile } from '#config/lang'
import {
  changesBetween,
  comparePaths,
  isUnchanged,
  permissionWarnings,
  type ReleaseCounts,
  readStamps,
  readTree,
  releaseHash,
  type Tree,
  type TreeFile,
  writeMemory,
  writeStamps,
} from '#config/store'
import { messageOf } from '#node/kit'
import { probeUrls, type UrlUse, urlDiagnostics } from '../probe/index.ts'
import type { Repairs, TreeVerdict } from './checker.ts'
import { fileDiagnostic } from './file-diagnostic.ts'
import { type LiveTree, readLiveTree } from './live-tree.ts'
import { placeInSources } from './place-in-source.ts'
import { releaseTreeOf } from './release-tree.ts'
import { removeLeftovers, writeRepairs } from './repair-sources.ts'
import { Report } from './report.ts'
import { byPath, type SourceTree, sourceOf, sourceTreeOf, treeFilesOf, withTexts } from './source-tree.ts'
import type { ReleaseTarget } from './target.ts'
import type { PublishOptions, PublishResult, PublishStep } from './types.ts'

interface Candidate {
  readonly files: readonly TreeFile[]
  readonly counts: ReleaseCounts
}

/** One run of the pipeline. Without a target it is a dry run, which touches nothing. */
export class Publication {
  readonly #options: PublishOptions
  readonly #target: ReleaseTarget | null
  readonly #report = new Report()
  /** The sources as they are on disk now, by path: where diagnostics point. */
  #onDisk: ReadonlyMap<string, SourceFile> = new Map()

  constructor(options: PublishOptions, target: ReleaseTarget | null) {
    this.#options = options
    this.#target = target
  }

  async run(): Promise<PublishResult> {
    const live = await readLiveTree(this.#options.releases, this.#options.signal)
    const tree = await this.#read()
    if (tree === null) return await this.#invalid()
    const sources = await this.#repair(sourceTreeOf(tree.files, live.sources), live)
    const verdict = await this.#check(sources.files, sources.changed)
    this.#report.counts = verdict.counts
    this.#add(verdict.diagnostics)
    if (this.#report.hasErrors) return await this.#invalid()
    const candidate = await this.#candidate(sources, verdict, live)
    this.#report.changes = changesBetween(live.files, candidate.files)
    if (!this.#report.hasErrors) await this.#probe(verdict.urls)
    if (this.#report.hasErrors) return await this.#invalid()
    return await this.#release(candidate, sources, live)
  }

  /** Null when there is nothing that could be checked. */
  async #read(): Promise<Tree | null> {
    const { releases, limits, signal } = this.#options
    const { stacks, stacksStamps } = releases.places
    this.#tell({ step: 'reading', folder: stacks })
    const stamps = await readStamps(stacksStamps)
    const tree = await readTree(stacks, { signal, stamps, ...(limits === undefined ? {} : { limits }) })
    this.#report.add(tree.problems)
    this.#report.leftOut += tree.problemsLeftOut
    if (this.#target !== null) {
      await removeLeftovers(stacks, tree.leftovers)
      await writeStamps(stacksStamps, tree.files)
    }
    if (tree.files.length > 0) return tree.isWhole ? tree : null
    if (tree.problems.length === 0) this.#report.add([nothingToRelease(`there is no .vgo file in ${stacks}`)])
    return null
  }

  /** In place, and before anything is judged, so that messages point at what the author then has. */
  async #repair(read: SourceTree, live: LiveTree): Promise<SourceTree> {
    const { releases, checker, signal } = this.#options
    this.#tell({ step: 'repairing', files: read.changed.size })
    const { edits, diagnostics } = await checker.repair(read.files, { changed: read.changed, signal })
    const written = this.#target === null ? null : await this.#write(releases.places.stacks, read, edits)
    this.#onDisk = byPath(withTexts(read, written ?? new Map(), live.sources).files)
    this.#report.repaired = [...(written ?? edits).keys()].toSorted(comparePaths)
    this.#add(diagnostics)
    return withTexts(read, edits, live.sources)
  }

  async #write(stacks: string, read: SourceTree, edits: Repairs['edits']): Promise<Repairs['edits']> {
    const { written, diagnostics } = await writeRepairs(stacks, read, edits, this.#options.signal)
    this.#report.add(diagnostics)
    return written
  }

  async #check(files: readonly SourceFile[], changed: ReadonlySet<string>): Promise<TreeVerdict> {
    this.#tell({ step: 'checking', files: files.length })
    return await this.#options.checker.check(files, { changed, signal: this.#options.signal })
  }

  /** What is left out may be missed by what stays, so that what servers will load is checked as it is. */
  async #candidate(sources: SourceTree, verdict: TreeVerdict, live: LiveTree): Promise<Candidate> {
    const { noPrune = false } = this.#options
    const intact = live.isIntact ? live.files : []
    const { files, pruned, diagnostics } = releaseTreeOf(sources, verdict, intact, { noPrune })
    this.#report.pruned = pruned
    this.#add(diagnostics)
    if (files.length === 0) {
      this.#report.add([nothingToRelease('no envoys entry or common.vgo leads to any configcrate')])
    }
    if (pruned.length === 0 || files.length === 0) return { files, counts: verdict.counts }
    const { counts, diagnostics: again } = await this.#check(files.map(sourceOf), sources.changed)
    // Warnings are known from the whole tree.
    this.#add(again.filter(({ severity }) => severity === 'error'))
    return { files, counts }
  }

  /** Of changed crates only: a server elsewhere that is down today must not keep an unrelated change from going out. */
  async #probe(urls: readonly UrlUse[]): Promise<void> {
    const { skipUrlCheck = false, urlTimeoutMs, signal } = this.#options
    const { added, changed } = this.#report.changes
    const touched = new Set([...added, ...changed])
    const uses = urls.filter(({ span }) => touched.has(span.file.path))
    if (skipUrlCheck || uses.length === 0) return
    const probes = await probeUrls(uses, {
      ...(urlTimeoutMs === undefined ? {} : { timeoutMs: urlTimeoutMs }),
      signal,
      onProgress: (done, total) => this.#tell({ step: 'probing', done, total }),
    })
    this.#report.probes = probes
    this.#add(urlDiagnostics(probes))
  }

  async #release({ files, counts }: Candidate, sources: SourceTree, live: LiveTree): Promise<PublishResult> {
    const release = releaseHash(files)
    // Somebody else's folder may be newer than the one that is read here.
    const isNothing = this.#options.target === undefined && live.isIntact && isUnchanged(this.#report.changes)
    if (isNothing) {
      await this.#remember()
      return { ...(await this.#finished()), outcome: 'nothing-to-publish', release, mended: [] }
    }
    if (live.warning !== undefined && release !== live.hash) this.#report.warnings.push(live.warning)
    if (this.#target === null) {
      return { ...(await this.#finished()), outcome: 'valid', release, files: files.length }
    }
    this.#tell({ step: 'writing', files: files.length })
    const { author, reason = '', kind = 'publish' } = this.#options
    const sourceFiles = (): TreeFile[] => treeFilesOf(sources)
    const request = { files, counts, author, reason, kind, sources: sources.hashes, sourceFiles, live: live.files }
    const released = await this.#remembering(this.#target.publish(request))
    switch (released.outcome) {
      case 'released':
        return { ...(await this.#finished()), outcome: 'published', entry: released.entry }
      case 'already-live':
        return { ...(await this.#finished()), outcome: 'nothing-to-publish', release, mended: released.mended }
      case 'refused':
        this.#add(released.diagnostics)
        return { ...(await this.#finished()), outcome: 'invalid' }
    }
  }

  /** What the checker has found without fault is kept while the disk is waited for. */
  async #remembering<T>(work: Promise<T>): Promise<T> {
    const remembered = this.#remember()
    try {
      return await work
    } finally {
      await remembered
    }
  }

  async #remember(): Promise<void> {
    const { checker, releases } = this.#options
    const { memory, version } = checker
    if (this.#target !== null && memory.hasNews) await writeMemory(releases.places, version, memory.records)
  }

  async #invalid(): Promise<PublishResult> {
    await this.#remember()
    return { ...(await this.#finished()), outcome: 'invalid' }
  }

  async #finished() {
    const { releases } = this.#options
    const { warnings } = this.#report
    const recovered = this.#target?.recovered
    if (recovered !== null && recovered !== undefined) {
      warnings.push(
        `release ${recovered.number} by ${recovered.author} went live just before its publisher was killed; it is in the history now`,
      )
    }
    warnings.push(...(await permissionWarnings(releases.places)))
    if (this.#target === null) warnings.push(...(await this.#freezeWarning()))
    return this.#report.finished(this.#target === null)
  }

  async #freezeWarning(): Promise<string[]> {
    try {
      const freeze = await this.#options.releases.frozen()
      return freeze === null ? [] : [`publishing is frozen until ${freeze.until} by ${freeze.author}`]
    } catch (error) {
      return [messageOf(error)]
    }
  }

  #add(diagnostics: readonly Diagnostic[]): void {
    this.#report.add(placeInSources(diagnostics, this.#onDisk))
  }

  #tell(step: PublishStep): void {
    this.#options.onProgress?.(step)
  }
}

function nothingToRelease(why: string): Diagnostic {
  const message = `${why}: releasing that would take the configuration from every host`
  const hint =
    'write an envoys.vgo that matches hosts to roles or configcrates; to serve nothing on purpose, match no host'
  return fileDiagnostic('error', '.', { code: 'nothing-to-release', message, hint })
}
