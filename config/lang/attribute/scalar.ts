import { parseDuration } from '#node/kit'
import type { Node, ScalarNode } from '../node.ts'
import type { AttributeKind } from '../schema.ts'
import { closestName } from '../template/index.ts'
import { isArtifactReference } from './artifact.ts'
import { expectation, shown } from './expectation.ts'
import { findSecretReferences } from './secret.ts'
import { Unfit } from './unfit.ts'

/** Kinds that a secret may stand for; what it holds is known on the machine only. */
const OPAQUE: ReadonlySet<AttributeKind['kind']> = new Set(['string', 'text', 'path', 'url', 'artifact'])

/** @throws Unfit */
export function scalarOf(name: string, type: AttributeKind, node: ScalarNode): string | number | boolean {
  const text = node.source
  const unfit = (hint: string) => new Unfit(`'${name}' must be ${expectation(type)}, not ${shown(text)}`, hint)
  if (OPAQUE.has(type.kind) && hasSecret(text)) return text
  switch (type.kind) {
    case 'text':
      return text
    case 'string':
      return stringOf(name, type, text)
    case 'boolean':
      if (typeof node.value === 'boolean') return node.value
      if (text === 'true' || text === 'false') return text === 'true'
      throw unfit(booleanHint(node))
    case 'integer': {
      const number = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      const isInRange =
        number >= (type.min ?? Number.MIN_SAFE_INTEGER) && number <= (type.max ?? Number.MAX_SAFE_INTEGER)
      if (isInRange) return number
      throw unfit(Number.isNaN(number) ? 'write the digits only' : 'choose a number in that range')
    }
    case 'mode':
      if (/^(?:[0-7]{3}|[0-7]{4})$/.test(text)) return text.padStart(4, '0')
      throw unfit(`write the permission bits as three or four octal digits, best in quotes: "0644"`)
    case 'path':
      if (!text.startsWith('/')) throw unfit('start it with a slash')
      if (text.includes('..') && text.split('/').includes('..')) throw unfit("write the path without '..'")
      if (text.length > 4095) throw unfit('a path has at most 4095 characters')
      return stringOf(name, {}, text)
    case 'duration':
      return durationOf(type, text, unfit)
    case 'enum':
      if (type.values.includes(text)) return text
      throw unfit(enumHint(type, text))
    case 'url':
      if (/^[a-z][a-z0-9+.-]{0,20}:\/\/\S+$/i.test(text) && URL.canParse(text)) return text
      throw unfit('start it with https://')
    case 'artifact':
      if (isArtifactReference(text)) return text
      throw unfit('write <name>:<tag>, <name>@<version>, <puddle>/<name>:<tag> or <hex artifact id>/<name>@<version>')
    case 'list':
    case 'map':
    case 'any':
      return text
  }
}

function stringOf(name: string, type: { pattern?: RegExp; patternMeans?: string }, text: string): string {
  const line = text.endsWith('\n') ? text.slice(0, -1) : text
  if (line.includes('\n')) throw new Unfit(`'${name}' must be one line, not ${shown(text)}`, 'write it on one line')
  if (type.pattern === undefined || type.pattern.test(line)) return line
  const means = type.patternMeans ?? 'of another form'
  throw new Unfit(`'${name}' must be ${means}, not ${shown(text)}`, 'correct the value')
}

function durationOf(
  type: Extract<AttributeKind, { kind: 'duration' }>,
  text: string,
  unfit: (hint: string) => Unfit,
): number {
  const seconds = secondsOf(text)
  if (seconds === undefined) throw unfit('write seconds, or for example 90s, 15m or 1h')
  if (seconds <= 0) throw unfit('it must be longer than nothing')
  if (type.maxSeconds !== undefined && seconds > type.maxSeconds) throw unfit('choose a shorter one')
  return seconds
}

function secondsOf(text: string): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  try {
    return parseDuration(text.slice(0, 40)) / 1000
  } catch {
    return undefined
  }
}

/** The scalar that a node must be; `wanted` is what messages say that it should be. @throws Unfit */
export function scalar(name: string, node: Node, wanted: AttributeKind | string): ScalarNode {
  if (node.kind === 'scalar' && (node.value !== null || node.style !== 'plain')) return node
  const expected = typeof wanted === 'string' ? wanted : expectation(wanted)
  if (node.kind !== 'scalar')
    throw new Unfit(`'${name}' must be ${expected}, not a ${node.kind}`, 'write a single value', node.span)
  throw new Unfit(`'${name}' has no value`, `give it ${expected}, or take the key away`, node.span)
}

export function hasSecret(text: string): boolean {
  return findSecretReferences(text).some(({ problem }) => problem === undefined)
}

function booleanHint({ source, style }: ScalarNode): string {
  const lower = source.toLowerCase()
  if (!['yes', 'no', 'on', 'off', 'y', 'n'].includes(lower)) return 'write true or false'
  const meant = ['yes', 'on', 'y'].includes(lower)
  return `write ${meant}: '${source.slice(0, 3)}' is text in YAML 1.2${style === 'plain' ? "; 'vigocli config lint --fix' replaces it" : ''}`
}

function enumHint(type: Extract<AttributeKind, { kind: 'enum' }>, text: string): string {
  const { instead = {}, values } = type
  const known = Object.hasOwn(instead, text) ? instead[text] : undefined
  if (known !== undefined) return known
  const near = closestName(text, values)
  return near === undefined ? 'write one of them' : `did you mean '${near}'?`
}
