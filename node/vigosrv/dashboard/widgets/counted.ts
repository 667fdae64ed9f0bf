/** `1 envoy`, `12,345 envoys`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** Never 100 while something is missing, never 0 while something is there. */
export function percent(part: number, whole: number): number {
  if (whole === 0) return 0
  const exact = (part * 100) / whole
  if (exact > 99 && exact < 100) return 99
  if (exact > 0 && exact < 1) return 1
  return Math.round(exact)
}
