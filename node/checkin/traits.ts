/** Deeper than any machine has to tell. */
const MAX_DEPTH = 16
const MAX_KEY_LENGTH = 256

/** Why these cannot be anybody's traits, or null. Whoever walks them later may do so recursively. */
export function traitsProblem(traits: Readonly<Record<string, unknown>>): string | null {
  let level: unknown[] = [traits]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `the traits are more than ${MAX_DEPTH} levels deep`
    const next: unknown[] = []
    for (const value of level) {
      if (!Array.isArray(value)) {
        for (const key of Object.keys(value as object)) {
          if (key.length > MAX_KEY_LENGTH) return `a trait has a name of more than ${MAX_KEY_LENGTH} characters`
        }
      }
      for (const inner of Object.values(value as object)) {
        if (typeof inner === 'object' && inner !== null) next.push(inner)
      }
    }
    level = next
  }
  return null
}
