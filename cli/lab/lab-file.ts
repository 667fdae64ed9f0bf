import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, writeFileAtomic } from '#node/kit'
import { LabError } from './errors.ts'
import type { LabNode } from './lab-node.ts'

/** What `lab.json` of a lab's folder holds. */
export interface LabFile {
  readonly nodes: LabNode[]
  /** The tag of a network of its own. */
  readonly network: string | null
}

/** @throws LabError 'not-found' */
export async function readLabFile(folder: string): Promise<LabFile> {
  try {
    const { nodes, network } = JSON.parse(await readFile(join(folder, 'lab.json'), 'utf8'))
    return { nodes, network: network ?? null }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    throw new LabError('not-found', `there is no lab in ${folder}; make one with vigo lab up --dir ${folder}`)
  }
}

export async function writeLabFile(folder: string, { nodes, network }: LabFile): Promise<void> {
  await writeFileAtomic(join(folder, 'lab.json'), `${JSON.stringify({ format: 1, network, nodes }, null, 2)}\n`)
}
