import type { HistoryEntry } from '#config/store'
import { type Html, html, joined, type Renderable } from '../html.ts'
import { progressBar } from '../widgets/bar.ts'
import { counted, grouped, percent } from '../widgets/counted.ts'
import { type IconName, icon } from '../widgets/icon.ts'
import { releaseLink } from '../widgets/release-name.ts'
import { ago, clockTime } from '../widgets/time.ts'
import type { Tone } from '../widgets/words.ts'
import type { FailureSeen, Step, Story } from './story.ts'

/** The way of a release as a list of steps, the first at the top. */
export function storyList({ steps }: Story, entries: readonly HistoryEntry[], now: number): Html {
  const saidBefore = steps.map(reasonOf).join('\n')
  return html`<ol class="story">${steps.map(step => {
    const { tone, name, text, detail } = told(step, entries, saidBefore)
    return html`<li class="step is-${tone}"><span class="step-sign">${icon(name)}</span>
<div class="step-text"><p>${text}</p>${detail}</div>
<span class="step-time">${stepTime(step, now)}</span></li>`
  })}</ol>`
}

/** What a step says in its own words, so that the roll back that follows need not repeat it. */
function reasonOf(step: Step): string {
  if (step.kind === 'stopped') return step.reason
  return step.kind === 'verdict' ? step.verdict.reason : ''
}

function stepTime({ kind, at }: Step, now: number): Html {
  if (kind === 'spread' || kind === 'watching' || kind === 'asking') return html`now`
  return html`<b>${clockTime(at)}</b> ${ago(at, now)}`
}

interface Told {
  readonly tone: Tone
  readonly name: IconName
  readonly text: Renderable
  readonly detail?: Renderable
}

function told(step: Step, entries: readonly HistoryEntry[], saidBefore: string): Told {
  switch (step.kind) {
    case 'published':
      return published(step.entry)
    case 'announced':
      return {
        tone: 'notice',
        name: 'waiting',
        text: html`<b>${step.by}</b> announced a release for canaries first: <code>${step.selector}</code>`,
      }
    case 'canaries':
      return canaries(step)
    case 'failures':
      return failures(step)
    case 'promoted':
      return { tone: 'good', name: 'check', text: html`Given to everybody: ${step.reason}` }
    case 'stopped':
      return { tone: 'bad', name: 'cross', text: html`Stopped: ${step.reason}` }
    case 'asking':
      return { tone: 'warn', name: 'warning', text: html`Promote it, or take it back. ${step.problem}` }
    case 'verdict':
      return verdict(step)
    case 'rolled-back':
      return rolledBack(step, saidBefore)
    case 'watching':
      return {
        tone: step.harmed > 0 ? 'warn' : 'notice',
        name: 'waiting',
        text: html`The monitor watches until ${clockTime(step.until)}: ${counted(step.judged, 'host')} judged, ${grouped(step.harmed)} worse than before`,
      }
    case 'spread':
      return spread(step, entries)
  }
}

function published({ number, author, reason, kind, changes, release }: HistoryEntry): Told {
  const { added, changed, removed } = changes
  const verb = kind === 'promote' ? 'promoted' : 'published'
  return {
    tone: 'notice',
    name: 'publish',
    text: html`<b>${author}</b> ${verb} <a href="/releases/${number}" title="${release}">release #${number}</a>${reason !== '' && html`: <q>${reason}</q>`}`,
    detail: html`<p class="muted">${counted(added + changed + removed, 'file')}: ${grouped(added)} added, ${grouped(changed)} changed, ${grouped(removed)} removed</p>`,
  }
}

const MAX_NAMED = 12

function canaries({ canary }: Extract<Step, { kind: 'canaries' }>): Told {
  const { hosts, converged, failed, selector } = canary
  const good = new Set(converged)
  const bad = new Set(failed)
  const isOver = failed.length + converged.length >= hosts.length
  const worstFirst = [...hosts.filter(host => bad.has(host)), ...hosts.filter(host => !bad.has(host))]
  const named = worstFirst.slice(0, MAX_NAMED)
  const more = hosts.length - named.length
  return {
    tone: failed.length > 0 ? 'warn' : isOver ? 'good' : 'notice',
    name: 'host',
    text: html`${counted(hosts.length, 'canary', 'canaries')} first (<code>${selector}</code>): ${grouped(converged.length)} converged, ${grouped(failed.length)} failed`,
    detail: html`<ul class="hosts">${named.map(host => {
      const [tone, name, word] = bad.has(host)
        ? (['bad', 'cross', 'failed'] as const)
        : good.has(host)
          ? (['good', 'check', 'converged'] as const)
          : (['quiet', 'waiting', 'not yet'] as const)
      return html`<li class="is-${tone}" title="${word}">${icon(name)}<span class="hidden">${word}: </span>${host}</li>`
    })}${more > 0 && html`<li class="muted">and ${grouped(more)} more</li>`}</ul>`,
  }
}

function failures({ seen, more }: Extract<Step, { kind: 'failures' }>): Told {
  const first = seen[0]
  const hosts = seen.length + more
  const isSame = seen.every(({ resource, message }) => resource === first?.resource && message === first.message)
  const shown = isSame && first !== undefined ? [first] : seen
  return {
    tone: 'bad',
    name: 'cross',
    text: html`${counted(hosts, 'host')} failed: ${joined(seen.map(hostLink), ', ')}${more > 0 && ` and ${grouped(more)} more`}`,
    detail: html`<ul class="failures">${shown.map(
      ({ host, resource, message }) =>
        html`<li>${!isSame && html`<b>${host}</b> `}<code>${resource}</code><span class="failure-message">${message}</span></li>`,
    )}</ul>`,
  }
}

function hostLink({ host, peer, run }: FailureSeen): Html {
  return html`<a href="/envoys/${peer}/runs/${run}">${host}</a>`
}

function verdict({ verdict: given, to }: Extract<Step, { kind: 'verdict' }>): Told {
  const { evidence, reason } = given
  const detail = html`<p class="muted">${counted(evidence.judged, 'host')} judged, ${grouped(evidence.harmed)} worse than before, ${grouped(evidence.notJudged)} not judged</p>`
  switch (given.verdict) {
    case 'healthy':
      return { tone: 'good', name: 'check', text: html`The monitor found it healthy. ${reason}`, detail }
    case 'rollback':
      return {
        tone: 'bad',
        name: 'warning',
        text: html`The monitor decided to go back to ${to === null ? 'an earlier release' : html`<a href="/releases/${to.number}">release #${to.number}</a>`}. ${reason}`,
        detail,
      }
    case 'inconclusive':
      return {
        tone: 'warn',
        name: 'warning',
        text: html`The monitor could not decide; look yourself. ${reason}`,
        detail,
      }
    case 'error':
      return { tone: 'warn', name: 'warning', text: html`The monitor could not measure. ${reason}`, detail }
  }
}

function rolledBack({ entry, to }: Extract<Step, { kind: 'rolled-back' }>, saidBefore: string): Told {
  return {
    tone: 'notice',
    name: 'back',
    text: html`<b>${entry.author}</b> rolled back to ${to === null ? 'an earlier release' : html`<a href="/releases/${to.number}">release #${to.number}</a>`}, live again as <a href="/releases/${entry.number}" title="${entry.release}">#${entry.number}</a>`,
    detail:
      entry.reason === '' || saidBefore.includes(entry.reason) ? null : html`<p class="muted">${entry.reason}</p>`,
  }
}

function spread({ release, done, total }: Extract<Step, { kind: 'spread' }>, entries: readonly HistoryEntry[]): Told {
  if (total === 0) return { tone: 'quiet', name: 'dash', text: 'No envoy is enrolled yet' }
  const isEverywhere = done >= total
  return {
    tone: isEverywhere ? 'good' : 'notice',
    name: isEverywhere ? 'check' : 'running',
    text: html`<a href="/envoys?release=${release}">${grouped(done)} of ${counted(total, 'envoy')}</a> (${percent(done, total)} %) have run ${releaseLink(release, entries)}`,
    detail: isEverywhere ? null : progressBar(done, total, 'Envoys that have run the release'),
  }
}
