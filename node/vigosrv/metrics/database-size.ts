import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of the files of a folder; those that go away meanwhile count nothing. */
export async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const sizes = await Promise.all(
    names.map(name =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
