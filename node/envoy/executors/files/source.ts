import { readFile, rm } from 'node:fs/promises'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { MissingYet } from '../planned.ts'
import { entryAt, findThroughLink, kindNames, readEntry } from '../safe-files/index.ts'
import { MAX_CONTENTS_BYTES } from './limits.ts'

/** The bytes of a path of the machine or a URL. @throws ExecutorError */
export async function sourceContents(source: string, machine: Machine, options: ExecutorOptions): Promise<Buffer> {
  if (/^https?:\/\//i.test(source)) return await fetched(source, machine, options)
  if (source.startsWith('/')) return await copied(source, machine, options)
  throw new ExecutorError(
    'failed',
    `the source '${source}' is no absolute path, no http address and no template of the tree`,
  )
}

async function fetched(url: string, machine: Machine, { signal }: ExecutorOptions): Promise<Buffer> {
  const path = await machine.download(url, { signal, maxBytes: MAX_CONTENTS_BYTES })
  try {
    return await readFile(path, { signal })
  } finally {
    await rm(path, { force: true })
  }
}

async function copied(path: string, machine: Machine, options: ExecutorOptions): Promise<Buffer> {
  await using place = await findThroughLink(machine, path, options)
  const entry = await entryAt(place, options)
  if (place === null || entry.kind === 'missing') {
    throw new MissingYet(`the source ${path} does not exist on this machine`)
  }
  if (entry.kind !== 'file') {
    throw new ExecutorError('failed', `the source ${path} is ${kindNames[entry.kind]}, not a file`)
  }
  return (await readEntry(place, { signal: options.signal, maxBytes: MAX_CONTENTS_BYTES })).contents
}
