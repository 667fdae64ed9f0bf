import { readFile } from 'node:fs/promises'
import { codeOf, writeFileAtomic } from '#node/kit'
import type { Link } from './entry.ts'
import { AuditError } from './errors.ts'

const NOTE = /^([1-9][0-9]{0,15}):([0-9a-f]{64})$/

/** The newest entry, noted beside the folder: without it nobody could see that the end of the log was cut off. */
export function headPath(folder: string): string {
  return `${folder}.head`
}

/** Null where there is none, or nothing that can be read. */
export async function readHead(folder: string): Promise<Link | null> {
  try {
    return parseNote((await readFile(headPath(folder), 'utf8')).trim())
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

export async function writeHead(folder: string, { seq, hash }: Link): Promise<void> {
  await writeFileAtomic(headPath(folder), `${formatNote({ seq, hash })}\n`, { mode: 0o600 })
}

/** `<number>:<hash>`, as people keep it elsewhere. */
export function formatNote({ seq, hash }: Link): string {
  return `${seq}:${hash}`
}

/** @throws AuditError 'bad-anchor' */
export function readNote(text: string): Link {
  const note = parseNote(text.trim())
  if (note !== null) return note
  throw new AuditError(
    'bad-anchor',
    `'${text.slice(0, 100)}' is not the note of an entry; it is written <number>:<hash>, as 'vigocli audit verify' prints it`,
  )
}

function parseNote(text: string): Link | null {
  const [, seq, hash] = NOTE.exec(text) ?? []
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash }
}
