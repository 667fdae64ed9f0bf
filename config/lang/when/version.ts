/**
 * Whether a version is another one or later: `22.04` after `9.10`, `2.0` equal to `2`, `1.0` after `1.0-rc1`. Numbers are
 * compared as numbers, and come after words. What follows a space is a name and does not count: `12 (bookworm)`.
 */
export function isVersionAtLeast(version: string, least: string): boolean {
  const a = partsOf(version)
  const b = partsOf(least)
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const order = compareParts(a[at] ?? 0, b[at] ?? 0)
    if (order !== 0) return order > 0
  }
  return true
}

function partsOf(version: string): (number | string)[] {
  const [word = ''] = version.slice(0, 256).trim().toLowerCase().split(/\s/, 1)
  const parts: readonly string[] = word.match(/\d+|[a-z]+/g) ?? []
  return parts.map(part => (/^\d/.test(part) ? Number(part) : part))
}

function compareParts(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a !== typeof b) return typeof a === 'number' ? 1 : -1
  return a < b ? -1 : a > b ? 1 : 0
}
