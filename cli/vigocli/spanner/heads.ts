import type { SpannerStatus, StacksHead } from '#node/api'

/** How `spanner resolve --take` is told which head is meant: by its bolt, or by its commit where a bolt has several. */
export function nameOf(head: StacksHead, heads: readonly StacksHead[]): string {
  const isOnly = heads.filter(({ bolt }) => bolt === head.bolt).length === 1
  return isOnly && head.bolt !== '' ? head.bolt : head.commit.slice(0, 12)
}

/** The head that a name means; undefined for none or several. */
export function headNamed(heads: readonly StacksHead[], name: string): StacksHead | undefined {
  const found = heads.filter(
    ({ bolt, commit, release }) =>
      bolt === name || (name.length >= 6 && (commit.startsWith(name) || release?.startsWith(name) === true)),
  )
  return found.length === 1 ? found[0] : undefined
}

/** Whether there is nothing that a person must look at. */
export function isInOrder({ mode, state, bolts }: SpannerStatus): boolean {
  return mode === 'standalone' || (state === 'settled' && bolts.every(({ follows }) => follows))
}
