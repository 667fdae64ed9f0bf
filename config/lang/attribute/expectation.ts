import type { AttributeKind } from '../schema.ts'

/** What a value of the kind is, in a sentence. */
export function expectation(type: AttributeKind): string {
  switch (type.kind) {
    case 'boolean':
      return 'true or false'
    case 'integer':
      if (type.min !== undefined && type.max !== undefined) return `a whole number from ${type.min} to ${type.max}`
      return type.min === undefined ? 'a whole number' : `a whole number, ${type.min} or more`
    case 'mode':
      return 'an octal mode'
    case 'path':
      return 'an absolute path'
    case 'duration':
      return type.maxSeconds === undefined ? 'a duration' : `a duration of at most ${type.maxSeconds} seconds`
    case 'enum':
      return `${type.values.slice(0, -1).join(', ')} or ${type.values.at(-1) ?? ''}`
    case 'list':
      return type.separator === '\n' ? 'a list, or text with one item on each line' : 'a list, or text with commas'
    case 'map':
      return 'a map, or text such as K=V,K=V'
    case 'url':
      return 'a URL'
    case 'artifact':
      return 'a reference to an artifact'
    case 'string':
      return type.patternMeans ?? 'text'
    case 'text':
    case 'any':
      return 'text'
  }
}

/** A value in a message: one line, shortened. */
export function shown(text: string): string {
  const line = text.slice(0, 60).replaceAll(/\s+/g, ' ')
  return `'${line}${text.length > 60 ? '…' : ''}'`
}
