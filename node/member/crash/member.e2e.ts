import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { toHex } from '#node/kit'
import { runKilled } from '../../../swarm/store/crash/run-killed.ts'
import { readIdentity } from '../identity.ts'
import { openState, type State, toolId, work } from './member-script.ts'

const SCRIPT = fileURLToPath(new URL('./member-script.ts', import.meta.url))

test('a member that is killed at any change of a file keeps what it acknowledged and can go on', async () => {
  let next = 1
  const untilTheEnd = async (): Promise<void> => {
    while (await survives(next++)) expect(next).toBeLessThan(1000)
  }
  await Promise.all([untilTheEnd(), untilTheEnd()])
  expect(next).toBeGreaterThan(40)
})

/** False when the script ended before it could be killed. */
async function survives(at: number): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-crash-'))
  try {
    const { killed, acknowledged } = await runKilled({ script: SCRIPT, args: [folder], at })
    const state = await openState(folder)
    try {
      await keptPromises(state, folder, acknowledged, `killed at ${at}`)
      const again: string[] = []
      await work(state, folder, line => again.push(line))
      await keptPromises(state, folder, again, `finished after ${at}`)
    } finally {
      await state.db.close()
    }
    return killed
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function keptPromises(state: State, folder: string, lines: readonly string[], when: string): Promise<void> {
  const { roster, directory, catalog, tokens, shelf, puddle } = state
  for (const line of lines) {
    const [verb, value = ''] = line.split(' ')
    const note = `${line}, ${when}`
    const token = (await tokens.list()).find(row => row.id === value)
    const view = catalog.get(toolId)?.view
    if (verb === 'identity')
      expect(toHex((await readIdentity(join(folder, 'node/identity.key'))) ?? new Uint8Array()), note).toBe(value)
    if (verb === 'admitted') expect(roster.members(), note).toHaveLength(1)
    if (verb === 'revoked') expect(roster.members()[0]?.revoked, note).not.toBeNull()
    if (verb === 'minted') expect(token, note).toBeDefined()
    if (verb === 'consumed') expect(token?.usesLeft, note).toBe(0)
    if (verb === 'named') expect(directory.puddles(), note).toHaveLength(1)
    if (verb === 'published') expect(view?.versions[value], note).toBeDefined()
    if (verb === 'shelved')
      expect(
        (await shelf.items()).map(item => item.version),
        note,
      ).toContain(value)
    if (verb === 'puddle') expect(await puddle.publicKey(), note).not.toBeNull()
    if (verb === 'rotated') expect((await puddle.unlock('second passphrase')).byteLength, note).toBe(32)
    if (verb === 'next') await expectNext(folder, puddle, value, note)
  }
}

/** The coming key waits in its file, or is the key already; it is never lost. */
async function expectNext(folder: string, puddle: State['puddle'], publicKey: string, note: string): Promise<void> {
  const waiting = await readFile(join(folder, 'puddle/identity.next'), 'utf8').catch(() => '')
  const current = await puddle.publicKey()
  expect(
    current === publicKey || waiting.includes(publicKey),
    `${note}; ${(await readdir(join(folder, 'puddle'))).join(' ')}`,
  ).toBe(true)
}
