import { isUtf8 } from 'node:buffer'
import { unifiedDiff } from '#node/kit'

const MAX_BYTES = 256 * 1024
/** What a report takes. */
const MAX_DIFF = 16_000
const EVERYBODY_MAY_READ = 0o004

export interface Version {
  readonly contents: Uint8Array
  readonly mode: number
}

/**
 * What changes in a text, for a report. Not told of a file that not everybody on the machine may read, because more people read reports;
 * nor of bytes, or of what is too long to be read. `before` is null for a new file.
 */
export function contentsDiff(path: string, before: Version | null, after: Version): string | undefined {
  const versions = before === null ? [after] : [before, after]
  if (!versions.every(isShown)) return undefined
  const [old, now] = [textOf(before), textOf(after)]
  const diff = unifiedDiff(path.replace(/^\//, ''), old, now)
  return diff === '' ? undefined : cut(diff)
}

function isShown({ contents, mode }: Version): boolean {
  return (mode & EVERYBODY_MAY_READ) !== 0 && contents.length <= MAX_BYTES && isUtf8(contents) && !contents.includes(0)
}

function textOf(version: Version | null): string {
  return version === null ? '' : Buffer.from(version.contents).toString('utf8')
}

function cut(diff: string): string {
  if (diff.length <= MAX_DIFF) return diff
  const shown = diff.slice(0, diff.lastIndexOf('\n', MAX_DIFF - 100) + 1)
  const left = diff.slice(shown.length).split('\n').length - 1
  return `${shown}... ${left} more lines\n`
}
