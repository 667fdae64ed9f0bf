import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BareRepository, NO_OBJECT } from './bare-repository.ts'
import { git } from './git.ts'

let folder: string
let repository: BareRepository

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-bare-'))
  repository = await BareRepository.open(join(folder, 'r.git'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const commit = async (message: string): Promise<string> => {
  const { stdout: tree } = await git(repository.folder, ['mktree'], { stdin: '' })
  const args = ['commit-tree', '-m', message, tree.toString().trim()]
  return (await git(repository.folder, args)).stdout.toString().trim()
}

test('a ref is where git says, in a file of its own, packed, packed and moved, symbolic, or nowhere', async () => {
  const main = 'refs/heads/main'
  const refs = (): Promise<(string | null)[]> =>
    Promise.all([main, 'HEAD', 'refs/heads/other', 'refs/heads/alias'].map(name => repository.ref(name)))
  expect(await refs()).toEqual([null, null, null, null])
  const [one, two] = [await commit('one'), await commit('two')]
  await repository.moveRefs([{ ref: main, from: NO_OBJECT, to: one }])
  await git(repository.folder, ['symbolic-ref', 'refs/heads/alias', main])
  expect(await refs()).toEqual([one, one, null, one])
  await git(repository.folder, ['pack-refs', '--all', '--prune'])
  expect(await refs()).toEqual([one, one, null, one])
  await repository.moveRefs([{ ref: main, from: one, to: two }])
  expect(await refs()).toEqual([two, two, null, two])
  await repository.moveRefs([{ ref: main, from: two, to: NO_OBJECT }])
  expect(await refs()).toEqual([null, null, null, null])
})

test('a name is no way to another file', async () => {
  await writeFile(join(folder, 'outside'), `${'a'.repeat(40)}\n`)
  expect(await repository.ref('refs/../../outside')).toBeNull()
  expect(await repository.ref('../outside')).toBeNull()
})
