import type { TaskRow } from '../../../tasks/types.ts'
import { type Html, html } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { grouped } from '../../widgets/counted.ts'
import { table } from '../../widgets/table.ts'
import { ago } from '../../widgets/time.ts'
import { TASK_WORDS } from '../../widgets/words.ts'

const MAX_SHOWN = 100

export function tasksPage({ parts }: Visit): Page {
  return {
    title: 'Tasks',
    name: 'list',
    wakesOn: event => event.type === 'task',
    fragments: [
      {
        id: 'heading',
        isFixed: true,
        render: () =>
          html`<header id="heading"><h1>Tasks</h1><p class="muted">The last ${MAX_SHOWN}. Start one with <code>vigocli task run</code>.</p></header>`,
      },
      {
        id: 'tasks',
        render: async () => list(await parts.tasks.list({ limit: MAX_SHOWN }), parts.clock.now()),
      },
    ],
  }
}

function list(rows: readonly TaskRow[], now: number): Html {
  return html`<section id="tasks" class="card" aria-label="Tasks">
${table({
  caption: 'Tasks, the newest first',
  rows,
  empty: html`No task was run yet. Try <code>vigocli task run uptime --target '*'</code>.`,
  columns: [
    {
      title: 'Task',
      isHeading: true,
      cell: task =>
        html`<a href="/tasks/${task.id}">${taskTitle(task)}</a>${task.name !== null && html`<code class="under">${task.command}</code>`}`,
    },
    {
      title: 'State',
      cell: ({ state, reason }) =>
        html`${badge(TASK_WORDS[state])}${reason !== '' && html`<span class="under">${reason}</span>`}`,
    },
    { title: 'Target', cell: ({ target }) => html`<code>${target}</code>` },
    {
      title: 'Hosts',
      cell: task =>
        html`${grouped(endedHosts(task))} of ${grouped(task.hosts.length)}${failedHosts(task) > 0 && html`, <span class="is-bad">${grouped(failedHosts(task))} not well</span>`}`,
    },
    { title: 'By', cell: ({ by }) => by },
    { title: 'Started', isNumber: true, cell: ({ startedAt }) => ago(startedAt, now) },
  ],
})}
</section>`
}

export function taskTitle({ name, command }: Pick<TaskRow, 'name' | 'command'>): string {
  return name ?? (command.length > 80 ? `${command.slice(0, 79)}…` : command)
}

export function endedHosts({ hosts }: Pick<TaskRow, 'hosts'>): number {
  return hosts.filter(({ state }) => state !== 'waiting' && state !== 'running').length
}

const BAD: ReadonlySet<string> = new Set(['failed', 'timed-out', 'refused', 'unreachable'])

export function failedHosts({ hosts }: Pick<TaskRow, 'hosts'>): number {
  return hosts.filter(({ state }) => BAD.has(state)).length
}
