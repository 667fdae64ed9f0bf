import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { telling } from '../safe-files/index.ts'
import { isLeftover, TemporaryName } from '../temporary-name.ts'

/** A secret in a file of mode 0600 that one command reads. Removed when it is disposed of. */
export interface SecretFile extends AsyncDisposable {
  readonly path: string
}

/**
 * Each file is in a directory of its own that belongs to the agent and that others may enter but not list: so another user can read
 * his file, and nobody can put another one in its place. Those of killed agents are removed.
 */
export async function writeSecretFile(
  text: string,
  user: string,
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<SecretFile> {
  const account = machine.accounts.canImpersonate ? await machine.accounts.user(user, { signal }) : null
  return await telling('writing the secret_file', async () => {
    await removeLeftovers()
    const name = new TemporaryName()
    const folder = join(tmpdir(), name.text)
    const remove = async (): Promise<void> => {
      await rm(folder, { recursive: true, force: true })
      name[Symbol.dispose]()
    }
    try {
      await mkdir(folder, 0o700)
      await chmod(folder, 0o711)
      const path = join(folder, randomBytes(8).toString('hex'))
      const file = await open(path, 'wx', 0o600)
      try {
        await file.writeFile(text)
      } finally {
        await file.close()
      }
      if (account !== null) await chown(path, account.uid, account.gid)
      return { path, [Symbol.asyncDispose]: remove }
    } catch (error) {
      await remove()
      throw error
    }
  })
}

/** The command with the path in the place of `{{secret_file}}`. @throws ExecutorError 'failed' when it asks for a file that is not given */
export function withSecretFile(command: string, path: string | undefined): string {
  return command.replace(/\{\{\s*secret_file\s*\}\}/g, () => {
    if (path !== undefined) return path
    throw new ExecutorError('failed', "the command asks for {{secret_file}}, and 'secret_file' is not given")
  })
}

/** Only what belongs to this user: in a folder where all may write, others may have made such names. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!isLeftover(name)) continue
    const path = join(tmpdir(), name)
    const stats = await lstat(path).catch(() => null)
    if (stats?.isDirectory() === true && stats.uid === process.getuid?.())
      await rm(path, { recursive: true, force: true })
  }
}
