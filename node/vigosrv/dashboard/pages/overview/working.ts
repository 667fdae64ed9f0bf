import { type Html, html } from '../../html.ts'
import type { DashboardParts } from '../../parts.ts'
import { badge } from '../../widgets/badge.ts'
import { counted, grouped } from '../../widgets/counted.ts'
import { ago } from '../../widgets/time.ts'
import { TASK_WORDS } from '../../widgets/words.ts'
import { endedHosts, failedHosts, taskTitle } from '../tasks/list.ts'

const MAX_SHOWN = 4

/** What was run by hand lately, and what is running. */
export async function working({ tasks, clock }: DashboardParts): Promise<Html> {
  const rows = await tasks.list({ limit: MAX_SHOWN })
  const now = clock.now()
  return html`<section id="working" class="card working"><h2>Tasks</h2>
${rows.length === 0 && html`<p class="empty">None was run yet: <code>vigocli task run</code></p>`}
<ul>${rows.map(task => {
    const bad = failedHosts(task)
    return html`<li>${badge(TASK_WORDS[task.state])} <a href="/tasks/${task.id}">${taskTitle(task)}</a>
${task.state === 'running' && html`<progress max="${Math.max(1, task.hosts.length)}" value="${endedHosts(task)}" aria-label="Hosts that ended"></progress>`}
<span class="under">${task.by}, ${ago(task.startedAt, now)}: ${grouped(endedHosts(task))} of ${counted(task.hosts.length, 'host')}${bad > 0 && html`, <span class="is-bad">${grouped(bad)} not well</span>`}</span></li>`
  })}</ul>
</section>`
}
