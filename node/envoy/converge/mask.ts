/** What stands where a secret was. */
export const MASK = '[secret]'

/** Shorter values are everywhere: what holds one of them is not shown at all (`isTooShort`). */
const MIN_MASKED_UNITS = 4
/** Lines of a value of several lines that are worth hiding by themselves: programs print keys line by line. */
const MIN_LINE_UNITS = 12

/** Hides values of secrets in text for people. Made anew when values change. */
export class Masker {
  readonly #pattern: RegExp | null

  constructor(values: readonly string[]) {
    const forms = [...new Set(values.flatMap(formsOf))].sort((a, b) => b.length - a.length)
    this.#pattern = forms.length === 0 ? null : new RegExp(forms.map(escaped).join('|'), 'g')
  }

  /** The text without any form of any value. Cut texts only afterwards: half a secret is not recognised. */
  mask(text: string): string {
    return this.#pattern === null ? text : text.replace(this.#pattern, MASK)
  }

  /** The same for everything that is text in a value. */
  maskDeep<T>(value: T): T {
    if (this.#pattern === null) return value
    return this.#deep(value, 0) as T
  }

  #deep(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.mask(value)
    if (typeof value !== 'object' || value === null || depth > 8) return value
    if (value instanceof Error) return this.mask(value.message)
    if (Array.isArray(value)) return value.map(item => this.#deep(item, depth + 1))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#deep(item, depth + 1)]))
  }
}

/** Whether a value is too short to be found in text again. */
export function isTooShort(value: string): boolean {
  return value.trim().length < MIN_MASKED_UNITS
}

/** A value as programs print it: itself, in JSON, in URLs, in base64. */
export function formsOf(value: string): string[] {
  if (isTooShort(value)) return []
  const trimmed = value.trim()
  const lines = trimmed
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.length >= MIN_LINE_UNITS && !line.startsWith('-----'))
  return [value, trimmed, ...lines].flatMap(text => [text, ...encodingsOf(text)])
}

function encodingsOf(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8')
  const base64 = bytes.toString('base64')
  const well = bytes.toString('utf8')
  return [
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(well),
    encodeURIComponent(well).replaceAll('%20', '+'),
    base64,
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
