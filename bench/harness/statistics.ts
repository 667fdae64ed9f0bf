/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The smallest value that at least `share` of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export interface Pairs {
  readonly ours: number
  readonly baseline: number
  /** Median of the ratios within each pair, which saw the same minute of a shared machine. */
  readonly ratio: number
  readonly each: readonly { readonly ours: number; readonly baseline: number }[]
}

/** Medians of interleaved pairs. The first pair warms caches and compilers up and is not counted. */
export async function interleaved(
  count: number,
  sides: { ours: () => Promise<number>; baseline: () => Promise<number> },
  onPair: (pair: { ours: number; baseline: number }, index: number) => void = () => undefined,
): Promise<Pairs> {
  const each: { ours: number; baseline: number }[] = []
  for (let index = 0; index <= count; index++) {
    const oursFirst = index % 2 === 0
    const first = await (oursFirst ? sides.ours() : sides.baseline())
    const second = await (oursFirst ? sides.baseline() : sides.ours())
    const pair = oursFirst ? { ours: first, baseline: second } : { ours: second, baseline: first }
    onPair(pair, index)
    if (index > 0) each.push(pair)
  }
  return {
    ours: median(each.map(pair => pair.ours)),
    baseline: median(each.map(pair => pair.baseline)),
    ratio: median(each.map(pair => pair.ours / pair.baseline)),
    each,
  }
}
