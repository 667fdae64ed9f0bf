import { isScript } from '../../../../swarm/store/crash/run-killed.ts'
import { treeFiles } from '../fixture.ts'
import { releasePlaces } from '../places.ts'
import { Releases } from '../releases.ts'

/** Publishes `count` different trees, each of many files, as fast as it is let. */
if (isScript(import.meta.url)) {
  const [folder = '', name = '', count = '0'] = process.argv.slice(2)
  const releases = new Releases({ places: releasePlaces(folder), keep: 1000 })
  for (let index = 0; index < Number(count); index++) {
    await using publisher = await releases.publisher({ doing: 'publish', waitMs: 60_000 })
    const texts = Array.from({ length: 20 }, (_, file) => [`d/${file}.vgo`, `${name} ${index} ${file}\n`])
    const counts = { configcrates: 0, roles: 0, envoyEntries: 0 }
    await publisher.publish({ files: treeFiles(Object.fromEntries(texts)), counts, author: name, reason: `${index}` })
    console.log(`published ${index}`)
  }
}
