import { mkdir, rmdir } from 'node:fs/promises'

/** The caller's side of a login (`server/unix-logins.ts`): makes the folder that shows whose process this is. */
export async function proveOwner<T>(path: string, use: () => Promise<T>): Promise<T> {
  await mkdir(path, { mode: 0o700 })
  try {
    return await use()
  } finally {
    await rmdir(path).catch(() => undefined)
  }
}
