import type { MapNode } from '../../node.ts'
import type { SourceFile } from '../../source.ts'
import type { Lexemes } from '../lexemes.ts'
import { UNUSUAL } from './cursor.ts'
import { OrdinaryReader } from './reader.ts'

export interface OrdinarySource {
  readonly root: MapNode
  readonly lexemes: Lexemes
}

/** Control characters but for tabs and line feeds, and byte order marks. */
const FOREIGN = /[^\P{Cc}\t\n\u{85}]|\u{feff}/u

const known = new WeakMap<SourceFile, OrdinarySource | 'unusual'>()

/**
 * A file that uses only the ordinary part of YAML, read in a fraction of the time that the library takes, with what the library would
 * answer; undefined for any other, about which the library alone decides. Whoever asks again with the same object gets the same answer.
 */
export function readOrdinary(file: SourceFile): OrdinarySource | undefined {
  let answer = known.get(file)
  if (answer === undefined) {
    answer = attempt(file.text, () => OrdinaryReader.read(file)) ?? 'unusual'
    known.set(file, answer)
  }
  return answer === 'unusual' ? undefined : answer
}

/** The lexemes of such a text, without its values. */
export function ordinaryLexemes(text: string): Lexemes | undefined {
  return attempt(text, () => OrdinaryReader.lexemesOf({ path: '', text }))
}

function attempt<T>(text: string, read: () => T): T | undefined {
  if (FOREIGN.test(text)) return undefined
  try {
    return read()
  } catch (error) {
    if (error === UNUSUAL) return undefined
    throw error
  }
}
