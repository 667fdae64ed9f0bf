import canonicalize from 'canonicalize'
import { type Diagnostic, Diagnostics, type ValueMap } from '#config/lang'
import { sha256Hex } from '#node/kit'
import { type Decide, decideBy, type Frame, type Inclusions, includeCrates, undecided } from '../resolve/index.ts'
import type { ConfigStore } from '../tree/index.ts'
import { edgesAcross } from './across.ts'
import { type Built, buildCrate, rebuildCrate, sorted } from './build.ts'
import type { Bundle, BundleCrate, Skipped } from './bundle.ts'
import { claimsOfCrate, claimsOfFolder } from './claims.ts'
import { checkConflicts } from './conflicts.ts'
import type { CompiledCrate } from './crate.ts'
import { crateCacheOf } from './crate-cache.ts'
import { diagnosticOf } from './diagnose.ts'
import type { Problem } from './problem.ts'
import { Observed, type ReadLog } from './reads.ts'

/** What is the same for all hosts of an entry that have the same relevant traits. */
export interface CompiledHost {
  readonly inclusions: Inclusions
  readonly crates: readonly CompiledCrate[]
  readonly built: readonly Built[]
  readonly content: Omit<Bundle, 'release' | 'host' | 'entry' | 'waivers' | 'hash'>
  /** SHA-256 of the content. */
  readonly digest: string
  readonly diagnostics: readonly Diagnostic[]
}

export interface HostInputs {
  readonly traits: ValueMap
  readonly log: ReadLog
  /** Set when the traits are those of a sample, which is then called so. */
  readonly sample?: string | undefined
}

/** Everything about the hosts of an entry but their names. Pure; what it reads of the traits is noted in the log. */
export function compileFor(store: ConfigStore, frame: Frame, inputs: HostInputs): CompiledHost {
  const { traits, log, sample } = inputs
  const found = new Diagnostics()
  const problems: Problem[] = []
  const report = (problem: Problem): void => {
    problems.push(problem)
  }
  const decide: Decide = sample === undefined ? decideBy(new Observed(traits, 'Traits', log)) : undecided
  const inclusions = includeCrates(store, frame, decide, found)
  const cache = crateCacheOf(store)
  const all = inclusions.all.map(inclusion => {
    const { crate, condition } = inclusion
    return { inclusion, compiled: cache.compile(crate, { carried: frame.variables, traits, condition, sample, log }) }
  })
  for (const { compiled } of all) problems.push(...compiled.problems)
  const across = edgesAcross(all, report)
  const crates = all.map(({ inclusion: { crate }, compiled }) =>
    across === undefined ? buildCrate(crate.name, compiled) : rebuildCrate(crate.name, compiled, across),
  )
  checkConflicts(crates, report)
  const built = crates.flatMap(each => each.built)
  const names = new Set(inclusions.all.map(({ crate }) => crate.name))
  const content = {
    environment: frame.entry.declaration.environment?.value ?? null,
    crates: inclusions.all.map(
      ({ crate: { name, kind, declaration, dependsOn } }): BundleCrate => ({
        name,
        kind,
        dependsOn: dependsOn.map(each => each.name).filter(each => names.has(each)),
        compliance: claimsOfCrate(store, declaration.compliance, declaration.file.path),
        provides: declaration.provides.map(({ value }) => value),
        bundle: declaration.bundle.map(({ value }) => value),
      }),
    ),
    resources: built.map(({ resource }) => resource),
    usercrates: inclusions.all.filter(({ crate }) => crate.kind === 'usercrate').map(({ crate }) => crate.name),
    skipped: [...absent(inclusions), ...all.flatMap(({ compiled }) => compiled.skipped)],
    claims: claimsOfFolder(store, frame.entry.folder),
    secrets: sorted(crates.flatMap(({ secrets }) => secrets)),
    artifacts: sorted(crates.flatMap(({ artifacts }) => artifacts)),
  }
  const { skipped: _, resources: __, ...hashed } = content
  const digest = sha256Hex(canonicalize({ ...hashed, resources: crates.map(({ hash }) => hash) }) ?? '')
  found.addAll(problems.map(problem => diagnosticOf(problem, frame)))
  return {
    inclusions,
    crates: all.map(({ compiled }) => compiled),
    built,
    content,
    digest,
    diagnostics: found.sorted,
  }
}

function absent({ all, absent: missing }: Inclusions): Skipped[] {
  const present = new Set(all.map(({ crate }) => crate))
  const skipped = new Map<string, Skipped>()
  for (const { crate, why, reason } of missing) {
    if (present.has(crate) || skipped.has(crate.name)) continue
    const when = reason.findLast(({ kind }) => kind === 'case')?.title ?? 'case'
    skipped.set(crate.name, { id: crate.name, reason: why === 'excluded' ? 'excluded by the environment' : when })
  }
  return [...skipped.values()]
}
