import canonicalize from 'canonicalize'
import { type Diagnostic, Diagnostics, type ValueMap } from '#config/lang'
import { sha256Hex } from '#node/kit'
import { type Decide, decideBy, type Frame, type Inclusions, includeCrates, undecided } from '../resolve/index.ts'
import type { ConfigStore } from '../tree/index.ts'
import { edgesAcross } from './across.ts'
import { buildCrate, sorted } from './build.ts'
import type { Bundle, BundleCrate, Skipped } from './bundle.ts'
import { claimsOfCrate, claimsOfFolder } from './claims.ts'
import { checkConflicts } from './conflicts.ts'
import type { CompiledCrate } from './crate.ts'
import { crateCacheOf } from './crate-cache.ts'
import type { Sample } from './data.ts'
import { diagnosticOf } from './diagnose.ts'
import type { Problem } from './problem.ts'
import { Observed, type ReadLog } from './reads.ts'
import type { Edges } from './references.ts'

/** The crates of a host, compiled and held against each other. */
export interface JoinedHost {
  readonly frame: Frame
  readonly inclusions: Inclusions
  /** As `inclusions.all`. */
  readonly crates: readonly CompiledCrate[]
  readonly across: Edges | undefined
  readonly diagnostics: readonly Diagnostic[]
}

export interface HostInputs {
  readonly traits: ValueMap
  /** What is read of the traits is noted here. */
  readonly log: ReadLog
  /** Set when the traits are those of a sample. */
  readonly sample?: Sample | undefined
}

/** Everything about the hosts of an entry but their names. Pure, and dependent on nothing but what it reads of the traits. */
export function joinCrates(store: ConfigStore, frame: Frame, inputs: HostInputs): JoinedHost {
  const { traits, log, sample } = inputs
  const found = new Diagnostics()
  const decide: Decide = sample === undefined ? decideBy(new Observed(traits, 'Traits', log)) : undecided
  const inclusions = includeCrates(store, frame, decide, found)
  const cache = crateCacheOf(store)
  const crates = inclusions.all.map(({ crate, condition }) =>
    cache.compile(crate, { carried: frame.variables, traits, condition, sample, log }),
  )
  return joinCompiled(frame, inclusions, crates, found)
}

/** `crates`: as `inclusions.all`. `wrong`: what is wrong with the inclusions. */
export function joinCompiled(
  frame: Frame,
  inclusions: Inclusions,
  crates: readonly CompiledCrate[],
  wrong: Diagnostics,
): JoinedHost {
  const found = new Diagnostics()
  found.join(wrong)
  const problems: Problem[] = []
  const report = (problem: Problem): void => {
    problems.push(problem)
  }
  for (const [at, { crate }] of inclusions.all.entries()) {
    found.addAll(crates[at]?.problems.map(problem => diagnosticOf(problem, frame, crate)) ?? [])
  }
  const across = edgesAcross(inclusions.all, crates, report)
  checkConflicts(crates, report)
  found.addAll(problems.map(problem => diagnosticOf(problem, frame, undefined)))
  return { frame, inclusions, crates, across, diagnostics: found.sorted }
}

/** What is the same in the bundles of all hosts that the joined crates are for. */
export interface Content {
  readonly bundle: Omit<Bundle, 'release' | 'host' | 'entry' | 'waivers' | 'hash'>
  /** SHA-256 of the canonical JSON of all but what is skipped, each crate's resources given as their hash. */
  readonly digest: string
}

export function contentOf(store: ConfigStore, { frame, inclusions, crates, across }: JoinedHost): Content {
  const built = inclusions.all.map(({ crate }, at) => {
    const compiled = crates[at]
    if (compiled === undefined) throw new RangeError(`the crate '${crate.name}' was not compiled`)
    return buildCrate(crate.name, compiled, across)
  })
  const names = new Set(inclusions.all.map(({ crate }) => crate.name))
  const head = {
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
    usercrates: inclusions.all.filter(({ crate }) => crate.kind === 'usercrate').map(({ crate }) => crate.name),
    claims: claimsOfFolder(store, frame.entry.folder),
    secrets: sorted(built.flatMap(({ secrets }) => secrets)),
    artifacts: sorted(built.flatMap(({ artifacts }) => artifacts)),
  }
  return {
    bundle: {
      ...head,
      resources: built.flatMap(({ resources }) => resources),
      skipped: [...absent(inclusions), ...crates.flatMap(({ skipped }) => skipped)],
    },
    digest: sha256Hex(canonicalize({ ...head, resources: built.map(({ hash }) => hash) }) ?? ''),
  }
}

function absent({ all, absent: missing }: Inclusions): Skipped[] {
  const present = new Set(all.map(({ crate }) => crate))
  const skipped = new Map<string, Skipped>()
  for (const { crate, why, reason } of missing) {
    if (present.has(crate) || skipped.has(crate.name)) continue
    const when = reason.findLast(({ kind, title }) => kind === 'case' && title !== '')?.title ?? 'case'
    skipped.set(crate.name, { id: crate.name, reason: why === 'excluded' ? 'excluded by the environment' : when })
  }
  return [...skipped.values()]
}
