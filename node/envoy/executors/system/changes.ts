import type { Change } from '#node/checkin'

const MAX_CHANGES = 64
const MAX_VALUE = 500

/** As many changes as a report takes; the last one tells how many more there are. */
export function reportable(changes: readonly Change[]): Change[] {
  const cut = changes.map(({ attribute, from, to }) => ({
    attribute: attribute.slice(0, 64),
    from: shortened(from),
    to: shortened(to),
  }))
  if (cut.length <= MAX_CHANGES) return cut
  const more = cut.length - MAX_CHANGES + 1
  return [...cut.slice(0, MAX_CHANGES - 1), { attribute: 'more', from: '', to: `${more} further changes` }]
}

function shortened(text: string): string {
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE - 1)}…`
}
