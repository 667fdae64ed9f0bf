import { lstat, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#node/kit'
import { Site, STACKS } from './fixture.ts'

describe('a publish that does not read what nobody changed', () => {
  test.for([1, 2, 3, 4])('publishes what is there, however it was changed (seed %i)', async seed => {
    const random = seededRandom(seed)
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
    const names = Array.from({ length: 8 }, (_, at) => `n${at}`)
    const crates = Object.fromEntries(
      names.map(name => [`configcrates/${name}.vgo`, `#~ Manages things\nname: ${name}\n`]),
    )
    const uses = names.map(name => `use: ${name}\n`).join('')
    await using site = await Site.create({ ...STACKS, ...crates, 'envoys.vgo': `use: motd\n${uses}` })
    const places = names.map(name => site.path(`stacks/configcrates/${name}.vgo`))
    for (let round = 0; round < 12; round++) {
      for (let change = 0; change < 3; change++) {
        const [path, other] = [pick(places), pick(places)]
        const { atime, mtime } = await lstat(path)
        const text = await readFile(path, 'utf8')
        const edited = text.replace(/name: ../, () => `name: ${pick(['a', 'b', 'c'])}${Math.floor(random() * 10)}`)
        await pick([
          async () => writeFile(path, edited),
          async () => {
            await writeFile(`${path}.tmp`, edited)
            await rename(`${path}.tmp`, path)
          },
          async () => {
            await rename(path, `${path}.tmp`)
            await rename(other, path).catch(() => undefined)
            await rename(`${path}.tmp`, other)
            if (path !== other) await writeFile(path, await readFile(path).catch(() => edited))
          },
          async () => sleep(25),
        ])()
        await utimes(path, atime, mtime)
      }
      await site.publish()
      const live = await site.live()
      for (const place of places) {
        const path = place.slice(site.path('stacks/').length)
        const source = await readFile(place, 'utf8')
        expect(live[path], `${path} in round ${round}`).toBe(source.replace(/^#.*\n/gm, ''))
      }
    }
  })

  test('finds what somebody changed by hand in what is live, with its times put back', async () => {
    await using site = await Site.create()
    await site.publish()
    await sleep(40)
    await site.publish()
    const path = join(site.path('.live'), 'configcrates/motd.vgo')
    const { atime, mtime } = await lstat(path)
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace('name', 'NAME'))
    await utimes(path, atime, mtime)
    const result = await site.publish()
    expect(result).toMatchObject({ outcome: 'nothing-to-publish', mended: ['configcrates/motd.vgo'] })
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  test('takes no harm from stamps that are gone', async () => {
    await using site = await Site.create()
    await site.publish()
    const { stacksStamps } = site.releases.places
    await rm(stacksStamps)
    await site.write({ 'configcrates/motd.vgo': '#~ Manages things\nname: other\n' })
    await site.publish()
    expect((await site.live())['configcrates/motd.vgo']).toBe('name: other\n')
  })
})
