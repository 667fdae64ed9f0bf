import { NO_COMMIT, type RefUpdate } from '#gitback/project'
import { type Quarantine, startGit } from '#gitback/repo'
import { isScript } from '../../../swarm/store/crash/run-killed.ts'
import { HeldProject } from '../held-project.ts'

export const MAIN = 'refs/heads/main'
export const PROJECT = {
  id: 'ab'.repeat(32),
  handle: 'stacks',
  founder: 'cd'.repeat(32),
  policy: 'fast-forward',
  issuedAt: 1,
} as const

/** As signed updates would say: the branch is at this commit. */
export function updatesTo(commit: string): { refs: () => string[]; heads: () => RefUpdate[] } {
  const update = {
    hash: commit.padEnd(64, '0'),
    project: PROJECT.id,
    ref: MAIN,
    old: NO_COMMIT,
    new: commit,
    seq: 1,
    parents: [],
    signer: PROJECT.founder,
    issuedAt: 1,
  }
  return { refs: () => [MAIN], heads: () => [update] }
}

/** Follows the commits one by one; what another machine would send, git packs from `source`. */
export async function follow(
  folder: string,
  source: string,
  commits: readonly string[],
  acknowledge: (line: string) => void = () => undefined,
): Promise<HeldProject> {
  const signal = AbortSignal.timeout(120_000)
  let held = await HeldProject.open(PROJECT, folder, updatesTo(commits[0] ?? ''))
  for (const commit of commits) {
    held = await HeldProject.open(PROJECT, folder, updatesTo(commit))
    await held.reconcile({
      bring: (_repository, quarantine) => send(source, commit, quarantine, signal),
      check: async () => undefined,
      signal,
    })
    const [problem] = held.problems.values()
    if (problem !== undefined) throw new Error(problem)
    acknowledge(`at ${commit}`)
  }
  return held
}

async function send(source: string, commit: string, quarantine: Quarantine, signal: AbortSignal): Promise<void> {
  const child = startGit(source, ['pack-objects', '--quiet', '--revs', '--stdout'])
  child.stdin?.end(`${commit}\n`)
  await quarantine.receive(child.stdout as AsyncIterable<Uint8Array>, { signal })
}

if (isScript(import.meta.url)) {
  const [folder = '', source = '', ...commits] = process.argv.slice(2)
  await follow(folder, source, commits, line => console.log(line))
}
