/** Tells whether a value that was read from a file of ours has the form that we write. Every command reads some: a library for it takes longer to load than the work. */
export type Shape<T> = (value: unknown) => value is T
export type Shaped<S> = S extends Shape<infer T> ? T : never

export function text(options: { maxLength?: number; pattern?: RegExp }): Shape<string> {
  const { maxLength = Number.POSITIVE_INFINITY, pattern } = options
  return (value): value is string =>
    typeof value === 'string' && value.length <= maxLength && pattern?.test(value) !== false
}

export function integer(min: number): Shape<number> {
  return (value): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= min
}

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value): value is T => words.some(word => word === value)
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || shape(value)
}

/** Has these fields, and perhaps others. */
export function object<T extends Readonly<Record<string, Shape<unknown>>>>(
  fields: T,
): Shape<{ readonly [K in keyof T]: Shaped<T[K]> }> {
  const shapes = Object.entries(fields)
  return (value): value is { readonly [K in keyof T]: Shaped<T[K]> } => {
    if (typeof value !== 'object' || value === null) return false
    const record = value as Readonly<Record<string, unknown>>
    return shapes.every(([key, shape]) => Object.hasOwn(record, key) && shape(record[key]))
  }
}

/** ISO 8601, UTC. */
export const time: Shape<string> = text({ pattern: /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z$/ })
