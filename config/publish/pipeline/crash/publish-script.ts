import { Releases, releasePlaces } from '#config/store'
import { isScript } from '../../../../swarm/store/crash/run-killed.ts'
import { TestChecker } from '../fixture.ts'
import { publish } from '../publish.ts'
import { rollback } from '../rollback.ts'

export const openReleases = (folder: string): Releases => new Releases({ places: releasePlaces(folder) })

/** Publishes a tree with two files to repair and goes back to what was live before. */
if (isScript(import.meta.url)) {
  const releases = openReleases(process.argv[2] ?? '')
  const checker = new TestChecker()
  const { outcome } = await publish({ releases, checker, author: 'alice' })
  console.log(outcome)
  const back = await rollback({ releases, checker, author: 'alice', reason: '' })
  console.log(back.outcome)
}
