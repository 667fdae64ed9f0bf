import { type TProperties, Type } from '@sinclair/typebox'

/** Forms that the schemas of several sockets share. */

export const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const Name = Type.String({ minLength: 1, maxLength: 128 })
export const Platform = Type.Object({ os: Type.String({ maxLength: 32 }), arch: Type.String({ maxLength: 32 }) })
export const OwnPuddle = Type.Union([Hex32, Type.Null()])
export const Empty = Type.Object({})
export const Count = Type.Number({ minimum: 0 })

/** What a server is sent: nothing but these fields, so that a misspelt one is told. */
export function Fields<T extends TProperties>(fields: T) {
  return Type.Object(fields, { additionalProperties: false })
}

export const NoFields = Fields({})
/** One line for people to read: a reason, a note. */
export const Line = Type.String({ maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })
/** A host name, a public key or the beginning of one. */
export const Reference = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
  description: 'host name, public key, or its first eight digits or more',
})
/** Unix milliseconds. */
export const Time = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000, description: 'Unix milliseconds' })
export const Limit = (most: number) =>
  Type.Integer({ minimum: 1, maximum: most, description: `at most so many; up to ${most}` })
export const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])
