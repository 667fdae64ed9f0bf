import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, sha256Hex, syncFolder } from '#node/kit'
import { besidesOf } from '../bolts/stacks-base.ts'
import type { Hashes, PullPlan } from './plan.ts'

/** Files that are not as the plan wants them, and why. */
export type Failures = ReadonlyMap<string, string>

/**
 * Brings the tree to what the plan says. A file that somebody changed since `here` was read stays as it is. Files that are new belong to whom
 * their folder belongs to. What could not be done can be tried again.
 */
export async function applyPull(
  stacks: string,
  { take, remove, conflicts }: PullPlan,
  here: Hashes,
  options: { signal: AbortSignal },
): Promise<Failures> {
  const failures = new Map<string, string>()
  const attempt = async (path: string, work: () => Promise<void>): Promise<void> => {
    options.signal.throwIfAborted()
    try {
      await work()
    } catch (error) {
      const why = error instanceof Changed ? 'it was changed meanwhile' : codeOf(error)
      if (why === undefined) throw error
      failures.set(path, why)
    }
  }
  for (const path of remove) await attempt(path, () => removeFile(stacks, path, here.get(path)))
  for (const { path, bytes } of take) {
    await attempt(path, async () => {
      await makeFolder(stacks, dirname(path))
      await replace(join(stacks, path), bytes, () => requireStill(join(stacks, path), here.get(path)))
    })
  }
  for (const { path, published } of conflicts) {
    await attempt(path, async () => {
      await makeFolder(stacks, dirname(path))
      await replace(join(stacks, besidesOf(path)), published?.bytes ?? new Uint8Array())
    })
  }
  return failures
}

class Changed extends Error {}

/** In one step, with the owner and mode of the file, or of its folder where there is none. `last`: what must hold just before. */
async function replace(path: string, bytes: Uint8Array, last?: () => Promise<void>): Promise<void> {
  const folder = dirname(path)
  const like = (await lstat(path).catch(absent)) ?? (await stat(folder))
  const temporary = join(folder, `.tmp-${randomBytes(6).toString('hex')}-pulled.vgo`)
  try {
    await writeFile(temporary, bytes, { flag: 'wx', mode: 0o600, flush: true })
    const own = await stat(temporary)
    if (own.uid !== like.uid || own.gid !== like.gid) await chown(temporary, like.uid, like.gid)
    await chmod(temporary, like.mode & 0o666)
    await last?.()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(folder)
}

async function removeFile(stacks: string, path: string, before: string | undefined): Promise<void> {
  await requireStill(join(stacks, path), before)
  await rm(join(stacks, path))
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    const isGone = await rmdir(join(stacks, folder)).then(
      () => true,
      () => false,
    )
    if (!isGone) return await syncFolder(join(stacks, folder))
  }
  await syncFolder(stacks)
}

/** `before`: its hash when it was read; undefined when it was not there. */
async function requireStill(path: string, before: string | undefined): Promise<void> {
  const bytes = await readFile(path).catch(absent)
  if ((bytes === undefined ? undefined : sha256Hex(bytes)) !== before) throw new Changed()
}

/** Each with the owner and mode of the folder that it is in. Links are not followed. */
async function makeFolder(stacks: string, path: string): Promise<void> {
  if (path === '.') return
  await makeFolder(stacks, dirname(path))
  const [folder, parent] = [join(stacks, path), await stat(join(stacks, dirname(path)))]
  const found = await lstat(folder).catch(absent)
  if (found?.isDirectory()) return
  await mkdir(folder)
  const own = await stat(folder)
  if (own.uid !== parent.uid || own.gid !== parent.gid) await chown(folder, parent.uid, parent.gid)
  await chmod(folder, parent.mode & 0o7777)
}

function absent(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
}
