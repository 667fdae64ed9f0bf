import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ExecutorError } from '../../errors.ts'
import type { Machine } from '../../machine.ts'
import type { Budget } from '../budget.ts'

export interface Origin {
  readonly url: string | undefined
  readonly artifact: string | undefined
  readonly sha256: string | undefined
}

/** What tells one origin from another; also the key under which what came of it is remembered. */
export function originOf({ url, artifact, sha256 }: Origin): string {
  return JSON.stringify([url ?? '', artifact ?? '', sha256?.toLowerCase() ?? ''])
}

/** Runs `work` with the file of a URL or artifact, under a name with the ending that package managers look for. */
export async function withFetched<T>(
  { url, artifact, sha256 }: Origin,
  ending: string,
  machine: Machine,
  budget: Budget,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const folder = join(machine.stateFolder, 'package-files')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await removeLeftovers(folder)
  // Package managers pass over names that begin with a dot.
  const path = join(folder, `${process.pid}-${randomBytes(6).toString('hex')}${ending}`)
  let downloaded: string | undefined
  try {
    const fetched = await budget.within('fetching the file', signal =>
      artifact === undefined
        ? machine.download(requireUrl(url), { signal, ...(sha256 === undefined ? {} : { sha256 }) })
        : machine.artifact(artifact, { signal }),
    )
    if (artifact === undefined) downloaded = fetched
    await copyFile(fetched, path)
    return await work(path)
  } finally {
    await rm(path, { force: true })
    if (downloaded !== undefined) await rm(downloaded, { force: true })
  }
}

/** Of agents that were killed: there is one agent, and its files begin with its number. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder)
  const others = names.filter(name => !name.startsWith(`${process.pid}-`))
  for (const name of others) await rm(join(folder, name), { force: true })
}

function requireUrl(url: string | undefined): string {
  if (url === undefined) throw new ExecutorError('failed', "one of 'url' and 'artifact' is needed")
  return url
}
