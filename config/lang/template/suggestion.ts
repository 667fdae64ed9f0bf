/** Names longer than this are no typing errors, and comparing them costs. */
const MAX_COMPARED = 64
const MAX_CANDIDATES = 1000

/** The candidate that `name` was most likely meant to be, or undefined when none is near. Case counts least. */
export function closestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > MAX_COMPARED) return undefined
  const wanted = name.toLowerCase()
  let best: string | undefined
  let least = (name.length < 2 ? 0 : Math.max(1, Math.floor(name.length / 3))) + 1
  let seen = 0
  for (const candidate of candidates) {
    if (++seen > MAX_CANDIDATES) break
    if (Math.abs(candidate.length - name.length) >= least) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** `did you mean 'x'?`, or what there is instead. */
export function suggest(name: string, candidates: readonly string[], otherwise: (known: string) => string): string {
  const near = closestName(name, candidates)
  if (near !== undefined) return `did you mean '${near}'?`
  return otherwise(shorten(candidates))
}

/** At most eight names, so that a line stays a line. */
export function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ')
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown
}

/** Insertions, deletions, replacements, and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let cost = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
