import type { SourceFile } from '#config/lang'
import {
  type ConfigStore,
  compile as compileHost,
  diffReleases,
  LARGE_TREE,
  loadConfig,
  ReadCache,
  sampleHost,
  sampleTree,
  validate,
} from '#config/store'
import { secondsLine } from '../harness/seconds-line.ts'
import type { Line, Row } from '../harness/types.ts'

const HOSTS = 10_000

/** Of one round, in seconds. */
interface Round {
  readonly load: number
  readonly reload: number
  readonly compile: number
  readonly diff: number
}

export const compile: Row = {
  name: 'compile',
  summary:
    'a tree of 1,000 configcrates, 10,000 resources and 1,000 entries on one core: loaded and validated cold and after a change of one file, the bundles of 10,000 hosts, and how they differ from those of another release',
  async run(context) {
    const files = sampleTree(LARGE_TREE)
    const edited = withChange(files)
    const rounds: Round[] = []
    for (let round = 0; round < context.pairs; round++) {
      const measured = measure(files, edited)
      rounds.push(measured)
      const { load, reload, compile: bundles, diff } = measured
      context.say([load, reload, bundles, diff].map(seconds => `${seconds.toFixed(2)} s`).join(', '))
      await Promise.resolve()
    }
    const line = (row: string, of: (round: Round) => number, budget: number, note: string): Line =>
      secondsLine(row, rounds.map(of), budget, note)
    return [
      line('compile', round => round.compile, 20, `${HOSTS} bundles from a store that has compiled nothing yet`),
      line(
        'compile: differences',
        round => round.diff,
        30,
        'two releases, one crate changed; every host compiled in both',
      ),
      line('compile: load, cold', round => round.load, 3, 'read and validated; a part of publish, whose budget it is'),
      line('compile: load, one file', round => round.reload, 0.5, 'the same; whoever loads again keeps what it read'),
    ]
  },
}

function measure(files: readonly SourceFile[], edited: readonly SourceFile[]): Round {
  const cache = new ReadCache()
  const [store, load] = timed(() => loaded(files, cache))
  const [, compiling] = timed(() => {
    for (let at = 0; at < HOSTS; at++) {
      const { host, traits } = hostAt(at)
      const { outcome } = compileHost(store, host, traits)
      if (outcome !== 'compiled') throw new Error(`the host ${host} was not compiled: ${outcome}`)
    }
  })
  const [other, reload] = timed(() => loaded(edited, cache))
  const [difference, diff] = timed(() =>
    diffReleases(
      loadConfig(files),
      other,
      Array.from({ length: HOSTS }, (_, at) => hostAt(at)),
    ),
  )
  const seen = difference.unchanged + difference.groups.reduce((sum, { hosts }) => sum + hosts.length, 0)
  if (seen !== HOSTS || difference.groups.length === 0)
    throw new Error(`the difference tells of ${seen} of ${HOSTS} hosts`)
  return { load, reload, compile: compiling, diff }
}

function loaded(files: readonly SourceFile[], cache: ReadCache): ConfigStore {
  const store = loadConfig(files, { cache })
  const { diagnostics } = validate(store)
  const [first] = diagnostics
  if (first !== undefined) throw new Error(`the tree is not valid: ${first.message}`)
  return store
}

function hostAt(at: number): ReturnType<typeof sampleHost> {
  return sampleHost(at % LARGE_TREE.entries, Math.floor(at / LARGE_TREE.entries))
}

function withChange(files: readonly SourceFile[]): SourceFile[] {
  return files.map(file =>
    file.path.endsWith('/crate-500.vgo') ? { ...file, text: file.text.replace('0.0.0.0', '127.0.0.1') } : { ...file },
  )
}

function timed<T>(work: () => T): [T, number] {
  const start = performance.now()
  const answer = work()
  return [answer, (performance.now() - start) / 1000]
}
