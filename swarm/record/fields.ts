import { isHex } from '#node/kit'
import type { Json } from './canonical.ts'
import { RecordError } from './errors.ts'
import type { SignedRecord } from './record.ts'

/** The body's fields read one by one; `done` refuses a body with more fields than were read. */
export class BodyReader {
  readonly #record: { readonly kind: string; readonly body: SignedRecord['body'] }
  readonly #seen = new Set<string>()

  constructor(record: { readonly kind: string; readonly body: SignedRecord['body'] }) {
    this.#record = record
  }

  get(field: string): Json | undefined {
    this.#seen.add(field)
    return this.#record.body[field]
  }

  hex(field: string, byteLength: number): string {
    const value = this.get(field)
    if (!isHex(value, byteLength)) throw this.refuse(field, `must be ${byteLength * 2} lower-case hex digits`)
    return value
  }

  text(field: string, pattern: RegExp, what: string): string {
    const value = this.get(field)
    if (typeof value !== 'string' || !pattern.test(value)) throw this.refuse(field, what)
    return value
  }

  integer(field: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.get(field)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
      throw this.refuse(field, `must be a whole number from 0 to ${max}`)
    }
    return value
  }

  boolean(field: string): boolean {
    const value = this.get(field)
    if (typeof value !== 'boolean') throw this.refuse(field, 'must be true or false')
    return value
  }

  oneOf<T extends string>(field: string, values: readonly T[]): T {
    const value = this.get(field)
    const found = values.find(candidate => candidate === value)
    if (found === undefined) throw this.refuse(field, `must be one of ${values.join(', ')}`)
    return found
  }

  list(field: string, maxItems: number): readonly Json[] {
    const value = this.get(field)
    if (!Array.isArray(value) || value.length > maxItems) {
      throw this.refuse(field, `must be a list of at most ${maxItems}`)
    }
    return value
  }

  map(field: string, maxKeys: number): { readonly [key: string]: Json } {
    const value = this.get(field)
    if (value === null || typeof value !== 'object' || Array.isArray(value) || Object.keys(value).length > maxKeys) {
      throw this.refuse(field, `must be an object with at most ${maxKeys} keys`)
    }
    return value
  }

  done(): void {
    for (const field of Object.keys(this.#record.body)) {
      if (!this.#seen.has(field)) throw this.refuse(field, 'is not a known field')
    }
  }

  refuse(field: string, what: string): RecordError {
    return new RecordError('malformed', `${this.#record.kind}: field '${field}' ${what}`)
  }
}

/** `linux`, `amd64` … as in `GOOS`/`GOARCH`. */
export const PLATFORM_PART = /^[a-z0-9_]{1,32}$/
/** RFC 1123 host names, lower case. */
export const HOSTNAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/
