/** `epoch:version-release`; what is left out is empty. */
export interface Evr {
  readonly epoch: string
  readonly version: string
  readonly release: string
}

export function evrOf(text: string): Evr {
  const [, epoch = '', version = '', release = ''] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(text) ?? []
  return { epoch, version, release }
}

/** Whether what is installed is what was asked for; an epoch or release that was not named may be any. */
export function isEvr(wanted: string, installed: string): boolean {
  const want = evrOf(wanted)
  const have = evrOf(installed)
  return (
    want.version === have.version &&
    (want.release === '' || want.release === have.release) &&
    (want.epoch === '' || Number(want.epoch) === Number(have.epoch || 0))
  )
}

/** Below zero when `a` is older. A missing release equals every release. */
export function compareEvr(a: string, b: string): number {
  const x = evrOf(a)
  const y = evrOf(b)
  const order = Number(x.epoch || 0) - Number(y.epoch || 0) || compareRpmVersions(x.version, y.version)
  return order !== 0 || x.release === '' || y.release === '' ? order : compareRpmVersions(x.release, y.release)
}

/**
 * rpm's order of versions and releases: segments of digits or letters, whatever is between them; digits are newer than letters, `~` is
 * older than the end, `^` newer than the end and older than anything else.
 */
export function compareRpmVersions(a: string, b: string): number {
  const x = segmentsOf(a)
  const y = segmentsOf(b)
  for (let i = 0; ; i++) {
    const s = x[i]
    const t = y[i]
    if (s === undefined && t === undefined) return 0
    if (s === '~' || t === '~') {
      if (s === t) continue
      return s === '~' ? -1 : 1
    }
    if (s === undefined) return -1
    if (t === undefined) return 1
    if (s === '^' || t === '^') {
      if (s === t) continue
      return s === '^' ? -1 : 1
    }
    const order = compareSegments(s, t)
    if (order !== 0) return order
  }
}

function segmentsOf(text: string): string[] {
  return text.match(/\d+|[A-Za-z]+|[~^]/g) ?? []
}

function compareSegments(a: string, b: string): number {
  const isNumberA = /^\d/.test(a)
  const isNumberB = /^\d/.test(b)
  if (isNumberA !== isNumberB) return isNumberA ? 1 : -1
  if (!isNumberA) return a < b ? -1 : a > b ? 1 : 0
  const x = a.replace(/^0+/, '')
  const y = b.replace(/^0+/, '')
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0)
}
