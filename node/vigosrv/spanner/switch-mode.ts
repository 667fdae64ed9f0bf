import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { writeFileAtomic } from '#node/kit'

/** Sets `spanner.mode` in `server.yaml`; everything else, comments too, stays as it is. */
export async function enterSpannerMode(file: string): Promise<void> {
  const document = parseDocument(await readFile(file, 'utf8'))
  document.setIn(['spanner', 'mode'], 'spanner')
  await writeFileAtomic(file, document.toString(), { mode: 0o640 })
}
