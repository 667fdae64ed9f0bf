import { type HistoryEntry, ReleaseError, shortHash } from '#config/store'
import { messageOf } from '#node/kit'
import { mayActAs } from '../../../http/principal.ts'
import { DashboardError } from '../../errors.ts'
import { type Html, html } from '../../html.ts'
import type { Page, Visit } from '../../page.ts'
import { badge } from '../../widgets/badge.ts'
import { counted, grouped } from '../../widgets/counted.ts'
import { diffBlock } from '../../widgets/diff.ts'
import { facts } from '../../widgets/facts.ts'
import { ago, moment } from '../../widgets/time.ts'
import { STATUS_WORDS, type Word } from '../../widgets/words.ts'
import { standingOf } from './list.ts'
import type { ReleaseDiffs, ShownDiff } from './release-diff.ts'

/** @throws DashboardError 'not-found' */
export async function releasePage(visit: Visit, diffs: ReleaseDiffs): Promise<Page> {
  const entry = await entryOf(visit)
  return {
    title: `Release #${entry.number}`,
    name: 'release',
    fragments: [
      { id: 'about', render: () => about(visit, entry) },
      { id: 'difference', isFixed: true, render: () => difference(visit, entry, diffs) },
    ],
  }
}

/** Asks before it rolls back, and shows what that means. @throws DashboardError 'not-found' */
export async function rollBackPage(visit: Visit, diffs: ReleaseDiffs): Promise<Page> {
  const entry = await entryOf(visit)
  return {
    title: `Roll back to #${entry.number}`,
    name: 'release',
    wakesOn: () => false,
    fragments: [{ id: 'roll-back', isFixed: true, render: () => confirmation(visit, entry, diffs) }],
  }
}

/** @throws DashboardError 'not-found' */
export async function entryOf({ parts, params }: Pick<Visit, 'parts' | 'params'>): Promise<HistoryEntry> {
  const name = params['number'] ?? ''
  const { entries } = await parts.releases.history()
  const found = entries.find(({ number }) => String(number) === name)
  if (found === undefined) throw new DashboardError('not-found', `the history has no release #${name.slice(0, 20)}`)
  return found
}

async function about({ parts, principal }: Visit, entry: HistoryEntry): Promise<Html> {
  const { number, release, author, reason, time, kind, restores, basedOn, counts, files } = entry
  const { entries } = await parts.releases.history()
  const standing = standingOf(entry, entries, parts.policy.release)
  const holders = parts.fleet.counts().releases[release] ?? 0
  const verdict = parts.rollout.status().verdicts.find(each => each.release === release)
  const before = entries.find(each => each.release === basedOn && each.number < number)
  const isLive = release === parts.policy.release
  return html`<section id="about" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/releases">Releases</a></nav>
<h1>Release #${number}${standing !== null && html` ${badge(standing)}`}</h1>
${reason !== '' && html`<p class="lead">${reason}</p>`}
${facts([
  ['By', html`<b>${author}</b>, ${ago(Date.parse(time), parts.clock.now())}`],
  ['At', moment(Date.parse(time))],
  ['Kind', kind === 'rollback' ? html`roll back to <a href="/releases/${restores}">#${restores}</a>` : kind],
  [
    'Before it',
    before === undefined
      ? null
      : html`<a href="/releases/${before.number}">#${before.number}</a> <code>${shortHash(before.release)}</code>`,
  ],
  ['Who has it', html`<a href="/envoys?release=${release}">${counted(holders, 'envoy')}</a>`],
  ['Monitor', verdict === undefined ? null : html`${badge(verdictWord(verdict.verdict))} ${verdict.reason}`, 'wide'],
  [
    'Declares',
    `${counted(counts.configcrates, 'configcrate')}, ${counted(counts.roles, 'role')}, ${counted(counts.envoyEntries, 'entry', 'entries')} in ${counted(files, 'file')}`,
  ],
  ['Hash', html`<code class="key">${release}</code>`],
])}
${
  !isLive &&
  mayActAs(principal, 'operator') &&
  html`<div class="actions"><a class="button is-danger" href="/releases/${number}/roll-back">Make it live again …</a></div>`
}
</section>`
}

function verdictWord(verdict: 'healthy' | 'rollback' | 'inconclusive' | 'error'): Word {
  if (verdict === 'healthy') return { ...STATUS_WORDS.converged, text: 'Healthy' }
  if (verdict === 'rollback') return { ...STATUS_WORDS.failed, text: 'Harmful' }
  return { ...STATUS_WORDS.degraded, text: verdict === 'error' ? 'Not measured' : 'Inconclusive' }
}

async function difference(visit: Visit, entry: HistoryEntry, diffs: ReleaseDiffs): Promise<Html> {
  return html`<section id="difference" class="card"><h2>What it changed <small>against what was live before</small></h2>
${await shownBetween(visit, entry.basedOn, entry.release, diffs)}</section>`
}

async function shownBetween(
  { signal }: Visit,
  before: string | null,
  after: string,
  diffs: ReleaseDiffs,
): Promise<Html> {
  let diff: ShownDiff
  try {
    diff = await diffs.between(before, after, { signal })
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error
    return html`<p class="empty">It cannot be shown: ${messageOf(error)}.</p>`
  }
  const { files, filesLeftOut, hosts, changes } = diff
  return html`${hosts !== null && html`<h3>On hosts</h3><pre class="hosts-diff" tabindex="0"><code>${hosts}</code></pre>`}
<h3>Files <small>${grouped(changes.added.length)} added, ${grouped(changes.changed.length)} changed, ${grouped(changes.removed.length)} removed</small></h3>
${files.length === 0 && html`<p class="empty">The files are the same.</p>`}
${files.map(({ path, text }) =>
  files.length <= 6
    ? html`<details class="file" open><summary><code>${path}</code></summary>${diffBlock(text)}</details>`
    : html`<details class="file"><summary><code>${path}</code></summary>${diffBlock(text)}</details>`,
)}
${filesLeftOut > 0 && html`<p class="muted">… and ${counted(filesLeftOut, 'more file')}; vigocli config diff shows all</p>`}`
}

async function confirmation(visit: Visit, entry: HistoryEntry, diffs: ReleaseDiffs): Promise<Html> {
  const { parts, csrf, principal } = visit
  const { number, release, author, time } = entry
  if (!mayActAs(principal, 'operator')) throw new DashboardError('forbidden', 'only operators may roll back')
  const live = parts.policy.release
  if (release === live) {
    return html`<section id="roll-back" class="summary"><h1>Release #${number} is live</h1><p><a href="/releases/${number}">Back to it</a></p></section>`
  }
  return html`<section id="roll-back" class="summary">
<nav class="crumbs" aria-label="Where this is"><a href="/releases">Releases</a> / <a href="/releases/${number}">#${number}</a></nav>
<h1>Roll back to release #${number}?</h1>
<p>It was made by <b>${author}</b>, ${ago(Date.parse(time), parts.clock.now())}. It becomes live again as a new release for all ${counted(parts.fleet.counts().envoys, 'envoy')}; the stacks stay as they are, so mend them before the next publish.</p>
<form class="confirm" method="post" action="/releases/${number}/roll-back"><input type="hidden" name="csrf" value="${csrf}">
<label><span>Reason</span><input type="text" name="reason" maxlength="1000" required autocomplete="off"></label>
<span class="actions"><button class="button is-danger">Roll back to #${number}</button> <a class="button" href="/releases/${number}">Leave it</a></span></form>
<div class="card"><h2>What that changes <small>against what is live</small></h2>${await shownBetween(visit, live, release, diffs)}</div>
</section>`
}
