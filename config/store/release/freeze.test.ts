import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { A, B, C, hashOf, publish, rollback, setUp } from './scenario.ts'

describe('a freeze', () => {
  test('refuses publish and rollback until it ends or is lifted, and says by whom, until when and why', async () => {
    const { folder, releases, clock } = await setUp()
    await using _gone = folder
    await publish(releases, A)
    await publish(releases, B)
    await releases.freeze({ until: '2h', author: 'carol', reason: 'holidays' })
    const frozen = {
      code: 'frozen',
      message:
        'publishing is frozen until 2026-11-20T14:00:00.000Z by carol since 2026-11-20T12:00:00.000Z: holidays. Wait, or ask carol to unfreeze it',
    }
    await expect(publish(releases, C)).rejects.toMatchObject(frozen)
    await expect(rollback(releases)).rejects.toMatchObject(frozen)
    expect(await releases.live()).toBe(hashOf(B))
    await rollback(releases, undefined, true)
    expect(await releases.live()).toBe(hashOf(A))
    expect((await releases.status()).freeze?.author).toBe('carol')
    clock.time += 2 * 3600_000
    expect(await releases.frozen()).toBeNull()
    await publish(releases, C)
    await releases.freeze({ until: '2026-12-24', author: 'carol', reason: '' })
    await expect(publish(releases, A)).rejects.toThrow('no reason given')
    expect(await releases.unfreeze()).toBe(true)
    expect(await releases.unfreeze()).toBe(false)
    await publish(releases, A)
  })

  test('takes times that are still to come, within a year', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    const until = async (text: string): Promise<string> =>
      (await releases.freeze({ until: text, author: 'a', reason: '' })).until
    expect(await until('90m')).toBe('2026-11-20T13:30:00.000Z')
    expect(await until('2026-12-24')).toBe('2026-12-24T00:00:00.000Z')
    expect(await until('2026-12-24T18:00+02:00')).toBe('2026-12-24T16:00:00.000Z')
    for (const [text, message] of [
      ['soon', "'soon' is not a time; write for example 4h, 3d, 2027-01-04 or 2027-01-04T18:00:00Z"],
      ['5 parsecs', "'5 parsecs' is not a time"],
      ['2026-13-01', "'2026-13-01' is not a time"],
      ['2026-11-20', "'2026-11-20' is over already; name a time that is still to come"],
      ['0s', "'0s' is over already"],
      ['400d', "'400d' is more than a year away; freeze for less, and again if need be"],
    ] as const) {
      await expect(until(text)).rejects.toThrow(message)
    }
  })

  test('holds when its file cannot be understood', async () => {
    const { folder, releases } = await setUp()
    await using _gone = folder
    await releases.freeze({ until: '2h', author: 'carol', reason: '' })
    await writeFile(join(folder.path, 'releases/freeze.json'), '{')
    await expect(publish(releases, A)).rejects.toThrow(
      'cannot be understood, so publishing stays frozen; unfreeze removes it',
    )
    expect(await releases.unfreeze()).toBe(true)
    await publish(releases, A)
  })
})
