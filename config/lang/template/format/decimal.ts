/** A decimal number 0.d1d2d3… × 10^point without sign; zero has the digits '0' and the point 1. */
export interface Decimal {
  readonly digits: string
  readonly point: number
}

/** The fewest digits that read back as the same double. @param value finite */
export function shortestDecimal(value: number): Decimal {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 }
}

/** The double itself, which always has an end in decimal. @param value finite */
export function exactDecimal(value: number): Decimal {
  if (value === 0) return { digits: '0', point: 1 }
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, Math.abs(value))
  const word = bits.getBigUint64(0)
  const biased = Number(word >> 52n)
  const fraction = word & 0xf_ffff_ffff_ffffn
  const mantissa = biased === 0 ? fraction : fraction | 0x10_0000_0000_0000n
  const exponent = (biased === 0 ? 1 : biased) - 1075
  const digits = String(exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent))
  return { digits, point: digits.length + Math.min(exponent, 0) }
}

/** `count` digits, the last rounded to nearest, halves to even. @param count may be negative: then nothing is left */
export function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point }
  if (count < 0) return { digits: '0', point: 1 }
  const kept = digits.slice(0, count)
  const rest = digits.slice(count)
  const half = rest[0] === '5' && /^50*$/.test(rest)
  const odd = count > 0 && Number(kept.at(-1)) % 2 === 1
  const up = half ? odd : rest[0]! >= '5'
  if (!up) return count === 0 ? { digits: '0', point: 1 } : { digits: kept, point }
  const raised = String(BigInt(`0${kept}`) + 1n).padStart(count, '0')
  const carries = raised.length > count
  return { digits: carries ? raised.slice(0, Math.max(1, count)) : raised, point: carries ? point + 1 : point }
}

/** `12.50` with `places` digits behind the point; undefined means all that there are. */
export function fixedText({ digits, point }: Decimal, places: number | undefined): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0'
  const behind = `${'0'.repeat(Math.max(0, -point))}${digits.slice(Math.max(0, point))}`
  const fraction = places === undefined ? behind : behind.padEnd(places, '0').slice(0, places)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

/** `1.25e+01` with `places` digits behind the point; undefined means all that there are. */
export function exponentText({ digits, point }: Decimal, places: number | undefined, letter: string): string {
  const fraction = places === undefined ? digits.slice(1) : digits.slice(1).padEnd(places, '0')
  const exponent = digits === '0' ? 0 : point - 1
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${digits[0]}${fraction === '' ? '' : `.${fraction}`}${letter}${exponent < 0 ? '-' : '+'}${size}`
}
