import { Type } from '@sinclair/typebox'

/** Forms that the schemas of several sockets share. */

export const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' })
export const Name = Type.String({ minLength: 1, maxLength: 128 })
export const Platform = Type.Object({ os: Type.String({ maxLength: 32 }), arch: Type.String({ maxLength: 32 }) })
export const OwnPuddle = Type.Union([Hex32, Type.Null()])
export const Empty = Type.Object({})
export const Count = Type.Number({ minimum: 0 })
