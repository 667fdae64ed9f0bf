import { ProjectError } from './errors.ts'
import { HANDLE, type Project, projectId } from './project.ts'
import type { Projects } from './projects.ts'

/** What a puddle's name stands for, as the fleet's directory answers. */
export type ResolveName = (
  name: string,
) => { type: 'one'; puddle: string } | { type: 'ambiguous'; puddles: readonly string[] } | { type: 'none' }

const KEY = /^[0-9a-f]{64}$/

/**
 * The project that is meant: `<id>`, `<id>/<handle>`, `<puddle key or name>/<handle>`, or a handle of one's own puddle. Keys that a puddle had
 * before are tried too (`olderKeys`).
 * @throws ProjectError 'unknown-project', 'ambiguous-project'
 */
export function findProject(
  reference: string,
  options: {
    projects: Projects
    resolveName: ResolveName
    olderKeys: (puddle: string) => readonly string[]
    ownPuddle: string | null
  },
): Project {
  const { projects } = options
  const [first = '', handle, ...rest] = reference.replace(/\.git$/, '').split('/')
  if (rest.length > 0) throw unknown(reference, 'it has more parts than <puddle>/<handle>')
  if (KEY.test(first)) {
    const byId = projects.get(first)
    if (byId !== null && (handle === undefined || handle === byId.handle)) return byId
    if (handle === undefined) throw unknown(reference, 'nobody founded it, or the news has not come here yet')
    return foundedBy(reference, [first, ...options.olderKeys(first)], handle, projects)
  }
  if (handle === undefined) {
    if (options.ownPuddle === null)
      throw unknown(reference, 'write <puddle name>/<handle>, or make a puddle of your own')
    return foundedBy(reference, [options.ownPuddle, ...options.olderKeys(options.ownPuddle)], first, projects)
  }
  const answer = options.resolveName(first)
  if (answer.type === 'ambiguous') {
    throw new ProjectError(
      'ambiguous-project',
      `several puddles are called '${first}'; write the project's id or the key: ${answer.puddles.join(', ')}`,
    )
  }
  if (answer.type === 'none') throw unknown(reference, `no puddle is called '${first.slice(0, 80)}'`)
  return foundedBy(reference, [answer.puddle, ...options.olderKeys(answer.puddle)], handle, projects)
}

function foundedBy(reference: string, founders: readonly string[], handle: string, projects: Projects): Project {
  if (!HANDLE.test(handle)) throw unknown(reference, 'that is no handle')
  for (const founder of founders) {
    const project = projects.get(projectId(founder, handle))
    if (project !== null) return project
  }
  throw unknown(reference, 'its puddle founded no project of this handle, or the news has not come here yet')
}

function unknown(reference: string, why: string): ProjectError {
  return new ProjectError('unknown-project', `there is no project '${reference.slice(0, 120)}': ${why}`)
}
