import { exactDecimal, exponentText, fixedText, rounded, shortestDecimal } from './decimal.ts'

/** A number as Go prints it with `%v`. Whole numbers are integers here, whatever they were written like. */
export function numberText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : floatText(value, 'g', undefined)
}

export type FloatVerb = 'e' | 'E' | 'f' | 'F' | 'g' | 'G'

/** A float as Go's `strconv` writes it, with a minus where it is negative. No precision: the shortest that reads back. */
export function floatText(value: number, verb: FloatVerb, precision: number | undefined): string {
  if (Number.isNaN(value)) return 'NaN'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  if (!Number.isFinite(value)) return sign === '' ? '+Inf' : '-Inf'
  return sign + magnitudeText(value, verb, precision)
}

function magnitudeText(value: number, verb: FloatVerb, precision: number | undefined): string {
  const letter = verb === 'E' || verb === 'G' ? 'E' : 'e'
  const decimal = precision === undefined ? shortestDecimal(value) : exactDecimal(value)
  if (verb === 'f' || verb === 'F') {
    return fixedText(precision === undefined ? decimal : rounded(decimal, decimal.point + precision), precision)
  }
  if (verb === 'e' || verb === 'E') {
    return exponentText(precision === undefined ? decimal : rounded(decimal, precision + 1), precision, letter)
  }
  const shown = precision === undefined ? decimal : withoutZeros(rounded(decimal, precision === 0 ? 1 : precision))
  const exponent = shown.point - 1
  const most =
    precision === undefined ? 6 : largeEnough(precision === 0 ? 1 : precision, shown.digits.length, shown.point)
  return exponent < -4 || exponent >= most ? exponentText(shown, undefined, letter) : fixedText(shown, undefined)
}

function largeEnough(precision: number, digits: number, point: number): number {
  return precision > digits && digits >= point ? digits : precision
}

function withoutZeros({ digits, point }: { digits: string; point: number }) {
  const end = digits.length - (/0*$/.exec(digits)?.[0].length ?? 0)
  return end === 0 ? { digits: '0', point: 1 } : { digits: digits.slice(0, end), point }
}
