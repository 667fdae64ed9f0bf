import { type ReleaseHash, type Releases, releaseHash, type SourceIndex, shortHash, type TreeFile } from '#config/store'
import { codeOf } from '#node/kit'

/** What is live while a publish runs. */
export interface LiveTree {
  readonly hash: ReleaseHash | null
  readonly files: readonly TreeFile[]
  /** False when somebody changed its files by hand. */
  readonly isIntact: boolean
  /** Of which sources it was made; empty when that is not known or the tree is not what was made of them. */
  readonly sources: SourceIndex
  /** A sentence for the operator, when it is not as it should be. */
  readonly warning: string | undefined
}

export async function readLiveTree(releases: Releases, signal: AbortSignal | undefined): Promise<LiveTree> {
  const hash = await releases.live()
  if (hash === null) return { hash, files: [], isIntact: true, sources: new Map(), warning: undefined }
  try {
    const { files, problems } = await releases.tree(hash, { signal, isSkimmed: true })
    const isIntact = problems.length === 0 && releaseHash(files) === hash
    if (isIntact) return { hash, files, isIntact, sources: await releases.sources(hash), warning: undefined }
    const warning = `the live release ${shortHash(hash)} was changed by hand, in ${releases.folder(hash)}: hosts may have got what was never published`
    return { hash, files, isIntact, sources: new Map(), warning }
  } catch (error) {
    if (codeOf(error) !== 'no-release') throw error
    const warning = `the folder of the live release ${shortHash(hash)} is gone: servers have nothing to read until the next publish`
    return { hash, files: [], isIntact: false, sources: new Map(), warning }
  }
}
