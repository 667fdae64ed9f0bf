import { formatDuration } from '#node/kit'
import { mayActAs } from '../../../http/principal.ts'
import type { TaskHost, TaskRow } from '../../../tasks/types.ts'
import { DashboardError } from '../../errors.ts'
import { type Html, html } from '../../html.ts'
import { noticeOf } from '../../notice.ts'
import type { Page, Visit } from '../../page.ts'
import { badge, badgeAs } from '../../widgets/badge.ts'
import { counted, grouped } from '../../widgets/counted.ts'
import { facts } from '../../widgets/facts.ts'
import { pageOf, pager } from '../../widgets/pager.ts'
import { postButton } from '../../widgets/post-button.ts'
import { moment } from '../../widgets/time.ts'
import { TASK_HOST_WORDS, TASK_WORDS } from '../../widgets/words.ts'
import { endedHosts, taskTitle } from './list.ts'

const PAGE_SIZE = 100

/** @throws DashboardError 'not-found' */
export async function taskPage(visit: Visit): Promise<Page> {
  const { id } = await taskOf(visit)
  return {
    title: 'Task',
    name: 'task',
    wakesOn: event => event.type === 'task' && event.id === id,
    follow: async (wake, signal) => {
      for await (const { type } of visit.parts.tasks.watch(id, { signal })) if (type === 'output') wake()
    },
    fragments: [
      { id: 'task', render: async () => summary(visit, await taskOf(visit)) },
      { id: 'notice', isFixed: true, render: () => noticeOf(visit.url.searchParams) },
      { id: 'task-hosts', render: async () => hostList(await taskOf(visit), visit.url) },
    ],
  }
}

async function taskOf({ parts, params }: Visit): Promise<TaskRow> {
  const id = params['id'] ?? ''
  const task = await parts.tasks.get(id)
  if (task === null)
    throw new DashboardError('not-found', `there is no task '${id.slice(0, 100)}'; old ones are removed after a while`)
  return task
}

function summary({ principal, csrf }: Visit, task: TaskRow): Html {
  const { id, command, name, state, reason, target, by, startedAt, endedAt, batch, batches, hosts } = task
  const isRunning = state === 'running'
  return html`<section id="task" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/tasks">Tasks</a></nav>
<h1>${taskTitle(task)}</h1>
<p class="badges" role="status">${badge(TASK_WORDS[state])} <span>${grouped(endedHosts(task))} of ${counted(hosts.length, 'host')} ended${batches > 1 && `, batch ${batch} of ${batches}`}</span></p>
<progress max="${Math.max(1, hosts.length)}" value="${endedHosts(task)}" aria-label="Hosts that ended"></progress>
${reason !== '' && html`<p class="problem-line">${reason}</p>`}
${facts([
  ['Command', html`<code class="value">${command}</code>`, 'wide'],
  ['Name', name],
  ['Target', html`<code>${target}</code>`],
  ['By', by],
  ['Started', moment(startedAt)],
  ['Ended', endedAt === null ? null : html`${moment(endedAt)}, after ${formatDuration(endedAt - startedAt)}`],
  ['Id', html`<code class="key">${id}</code>`],
])}
${isRunning && mayActAs(principal, 'operator') && html`<div class="actions">${postButton({ csrf, action: `/tasks/${encodeURIComponent(id)}/cancel`, text: 'Stop the task', isDanger: true })}</div>`}
</section>`
}

/** Those that need eyes first. */
const ORDER: readonly TaskHost['state'][] = [
  'running',
  'failed',
  'timed-out',
  'refused',
  'unreachable',
  'cancelled',
  'succeeded',
  'waiting',
  'skipped',
]

function hostList({ hosts, batches }: TaskRow, url: URL): Html {
  const sorted = hosts.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.batch - b.batch)
  const page = pageOf(sorted, url.searchParams.get('page'), PAGE_SIZE)
  const states = ORDER.map(state => [state, hosts.filter(host => host.state === state).length] as const)
  return html`<section id="task-hosts" class="card"><h2>Hosts</h2>
<p class="run-line"><span class="counts">${states
    .filter(([, count]) => count > 0)
    .map(([state, count]) =>
      badgeAs(TASK_HOST_WORDS[state], `${grouped(count)} ${TASK_HOST_WORDS[state].text.toLowerCase()}`),
    )}</span></p>
${page.rows.length === 0 && html`<p class="empty">No host matched the target.</p>`}
<ul class="resource-list">${page.rows.map(host => hostItem(host, batches))}</ul>
${pager(page, url, 'hosts')}
</section>`
}

function hostItem(
  { peer, hostname, state, batch, exitCode, problem, output, durationMs }: TaskHost,
  batches: number,
): Html {
  const word = TASK_HOST_WORDS[state]
  const aside = [
    exitCode !== null && exitCode !== 0 && `exit ${exitCode}`,
    durationMs > 0 && formatDuration(durationMs),
    batches > 1 && `batch ${batch}`,
  ].filter(text => text !== false)
  return html`<li class="resource is-${word.tone}"><div class="resource-line">${badge(word)}<span class="resource-name"><a href="/envoys/${peer}">${hostname}</a></span><span class="place muted">${aside.join(' · ')}</span></div>
${(problem !== '' || output !== '') && html`<div class="resource-more">${problem !== '' && html`<p class="message">${problem}</p>`}${output !== '' && html`<pre class="output" tabindex="0"><code>${output}</code></pre>`}</div>`}</li>`
}
