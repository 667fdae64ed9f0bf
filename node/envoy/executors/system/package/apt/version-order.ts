/**
 * Order of Debian versions `[epoch:]upstream[-revision]` (Debian Policy 5.6.12): below zero when `a` is older. Parts that are no digits
 * compare by letters before everything else, and `~` before the end; parts of digits by their number, of any length.
 */
export function compareDebianVersions(a: string, b: string): number {
  const [epochA, upstreamA, revisionA] = partsOf(a)
  const [epochB, upstreamB, revisionB] = partsOf(b)
  return compareNumbers(epochA, epochB) || compareParts(upstreamA, upstreamB) || compareParts(revisionA, revisionB)
}

function partsOf(version: string): [epoch: string, upstream: string, revision: string] {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  const epoch = colon === -1 ? '0' : version.slice(0, colon)
  return dash === -1 ? [epoch, rest, ''] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)]
}

function compareParts(a: string, b: string): number {
  const piecesA = a.match(/\D*\d*/g) ?? []
  const piecesB = b.match(/\D*\d*/g) ?? []
  for (let i = 0; i < Math.max(piecesA.length, piecesB.length); i++) {
    const [, textA = '', numberA = ''] = /^(\D*)(\d*)$/.exec(piecesA[i] ?? '') ?? []
    const [, textB = '', numberB = ''] = /^(\D*)(\d*)$/.exec(piecesB[i] ?? '') ?? []
    const order = compareText(textA, textB) || compareNumbers(numberA, numberB)
    if (order !== 0) return order
  }
  return 0
}

function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = weight(a[i]) - weight(b[i])
    if (order !== 0) return order
  }
  return 0
}

function weight(character: string | undefined): number {
  if (character === '~') return -1
  if (character === undefined) return 0
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256
}

function compareNumbers(a: string, b: string): number {
  const x = a.replace(/^0+/, '')
  const y = b.replace(/^0+/, '')
  return x.length - y.length || (x < y ? -1 : x > y ? 1 : 0)
}
