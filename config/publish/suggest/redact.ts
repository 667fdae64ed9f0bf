import { blockSecrets } from './secret-blocks.ts'
import { keyedSecrets } from './secret-keys.ts'
import { tokenSecrets } from './secret-tokens.ts'

/** Shorter ones would turn up in words. */
const MIN_REPEATED = 6

/** A stretch of a text that is not to be shown: offsets, `end` excluded. */
export interface Stretch {
  readonly start: number
  readonly end: number
}

/**
 * Hides what looks like a secret behind names, the same secret behind the same name. It errs on the side of hiding: values of keys that
 * sound secret, PEM blocks, known forms of tokens, password hashes, passwords in URLs, long random text. References (`secret:path`) stay.
 */
export class Redactor {
  readonly #names = new Map<string, string>()
  readonly #prefix: string

  /** `text`: everything that will be redacted, so that no name occurs in it. */
  constructor(text: string) {
    let prefix = 'REDACTED_'
    while (text.includes(prefix)) prefix += 'X_'
    this.#prefix = prefix
  }

  redact(text: string): string {
    const stretches = [...blockSecrets(text), ...keyedSecrets(text), ...tokenSecrets(text)]
    const hidden = this.#hide(text, stretches)
    return this.#hideRepeated(hidden)
  }

  /** Puts the secrets back. */
  restore(text: string): string {
    const secrets = new Map([...this.#names].map(([secret, name]) => [name, secret]))
    return text.replace(new RegExp(`${this.#prefix}[0-9]{1,6}`, 'g'), name => secrets.get(name) ?? name)
  }

  #hide(text: string, stretches: readonly Stretch[]): string {
    const parts: string[] = []
    let at = 0
    for (const { start, end } of merged(stretches)) {
      parts.push(text.slice(at, start), this.#nameOf(text.slice(start, end)))
      at = end
    }
    return [...parts, text.slice(at)].join('')
  }

  /** What was found once may stand elsewhere without anything that gives it away. Longest first: one may be part of another. */
  #hideRepeated(text: string): string {
    const secrets = [...this.#names].filter(([secret]) => secret.length >= MIN_REPEATED)
    return secrets
      .toSorted(([a], [b]) => b.length - a.length)
      .reduce((hidden, [secret, name]) => hidden.replaceAll(secret, () => name), text)
  }

  #nameOf(secret: string): string {
    const known = this.#names.get(secret)
    if (known !== undefined) return known
    const name = `${this.#prefix}${this.#names.size + 1}`
    this.#names.set(secret, name)
    return name
  }
}

/** In order, and without overlaps. */
function merged(stretches: readonly Stretch[]): Stretch[] {
  const result: { start: number; end: number }[] = []
  for (const { start, end } of stretches.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last !== undefined && start < last.end) last.end = Math.max(last.end, end)
    else if (end > start) result.push({ start, end })
  }
  return result
}
