import { gitbackRoutes, type ProjectDetails } from '#node/api'
import { messageOf, toHex } from '#node/kit'
import { localGit, presentObjects, withPack } from './local-git.ts'
import type { Signing } from './project-client.ts'

export interface RefPush {
  /** Of the user's repository: a ref, a commit; empty removes `to`. */
  readonly from: string
  readonly to: string
}

export interface PushResult {
  readonly to: string
  /** Empty when it is pushed. */
  readonly problem: string
}

const NO_OBJECT = '0'.repeat(40)

/**
 * Pushes to the repository of this machine's agent: objects first, then one signed update for each ref. Other machines of the project hear
 * of it and fetch.
 */
export async function pushRefs(
  signing: Signing,
  project: ProjectDetails,
  pushes: readonly RefPush[],
  options: { signal?: AbortSignal } = {},
): Promise<readonly PushResult[]> {
  const tips = new Map<string, string>()
  for (const { from } of pushes) {
    if (from !== '') tips.set(from, await localGit(['rev-parse', '--verify', '--end-of-options', from], options))
  }
  await sendObjects(signing, project, [...new Set(tips.values())], options)
  const results: PushResult[] = []
  for (const push of pushes) {
    const to = tips.get(push.from) ?? NO_OBJECT
    const problem = await pushOne(signing, project.id, push.to, to, options).then(() => '', messageOf)
    results.push({ to: push.to, problem })
  }
  return results
}

async function sendObjects(
  { client }: Signing,
  project: ProjectDetails,
  tips: readonly string[],
  options: { signal?: AbortSignal },
): Promise<void> {
  const theirs = project.refs.flatMap(({ commit, heads }) => [commit ?? '', ...heads.map(head => head.commit)])
  const known = new Set(theirs.filter(Boolean))
  const wanted = tips.filter(tip => !known.has(tip))
  if (wanted.length === 0) return
  const haves = await presentObjects([...known], options)
  await withPack(
    wanted,
    haves,
    pack =>
      client.call(
        gitbackRoutes.sendObjects,
        { project: project.id, tips: wanted.join(',') },
        { upload: pack, signal: options.signal },
      ),
    options,
  )
}

async function pushOne(
  { client, puddle }: Signing,
  project: string,
  ref: string,
  to: string,
  options: { signal?: AbortSignal },
): Promise<void> {
  const { fleet, body } = await client.call(
    gitbackRoutes.draftUpdate,
    { project, ref, to, signer: puddle.publicKey },
    options,
  )
  const signature = toHex(await puddle.session.sign('ref-update', fleet, body))
  await client.call(gitbackRoutes.update, { body, signature }, options)
}
