import type { PageOf } from '../page.ts'
import type { DashboardParts } from '../parts.ts'
import { artifactPage } from './artifacts/artifact.ts'
import { artifactsPage } from './artifacts/list.ts'
import { auditPage } from './audit.ts'
import { boltsPage } from './bolts/index.ts'
import { envoyPage } from './envoys/envoy.ts'
import { envoysPage } from './envoys/list.ts'
import { resourcePage } from './envoys/resource.ts'
import { runPage } from './envoys/run.ts'
import { overviewPage } from './overview/index.ts'
import { projectsPage } from './projects/list.ts'
import { projectPage } from './projects/project.ts'
import { releasesPage } from './releases/list.ts'
import { releasePage, rollBackPage } from './releases/release.ts'
import { ReleaseDiffs } from './releases/release-diff.ts'
import { runsPage } from './runs.ts'
import { tasksPage } from './tasks/list.ts'
import { taskPage } from './tasks/task.ts'

/** All pages by their paths. */
export function pagesOf({ releases }: Pick<DashboardParts, 'releases'>): Readonly<Record<string, PageOf>> {
  const diffs = new ReleaseDiffs(releases)
  return {
    '/': overviewPage,
    '/envoys': envoysPage,
    '/envoys/:peer': envoyPage,
    '/envoys/:peer/resource': resourcePage,
    '/envoys/:peer/runs/:run': runPage,
    '/runs': runsPage,
    '/releases': releasesPage,
    '/releases/:number': visit => releasePage(visit, diffs),
    '/releases/:number/roll-back': visit => rollBackPage(visit, diffs),
    '/tasks': tasksPage,
    '/tasks/:id': taskPage,
    '/artifacts': artifactsPage,
    '/artifacts/:id': artifactPage,
    '/bolts': boltsPage,
    '/projects': projectsPage,
    '/projects/:id': projectPage,
    '/audit': auditPage,
  }
}
