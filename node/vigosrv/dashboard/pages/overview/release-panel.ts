import { mayActAs } from '../../../http/principal.ts'
import { type Html, html } from '../../html.ts'
import type { Visit } from '../../page.ts'
import { failuresOf } from '../../story/failures.ts'
import { storyOf, subjectOf } from '../../story/story.ts'
import { storyList } from '../../story/story-list.ts'
import { type IconName, icon } from '../../widgets/icon.ts'
import { postButton } from '../../widgets/post-button.ts'
import type { Tone } from '../../widgets/words.ts'

const SIGNS: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  notice: 'running',
  warn: 'warning',
  bad: 'back',
  quiet: 'dash',
}

/** The newest release and its way through the fleet; of one that was taken back the whole story. */
export async function releasePanel(visit: Visit): Promise<Html> {
  const { parts } = visit
  const { fleet, policy, rollout, history, clock } = parts
  const entries = await history.entries()
  const status = rollout.status()
  const { subject } = subjectOf(policy.release, entries)
  const story = storyOf({
    live: policy.release,
    entries,
    rollout: status,
    counts: fleet.counts(),
    failures: await failuresOf(fleet, subject, status),
    now: clock.now(),
  })
  const { tone, headline, steps } = story
  return html`<section id="release" class="card release is-${tone}">
<h2>${icon(SIGNS[tone])}<span>${headline}</span></h2>
${
  steps.length === 0
    ? html`<p class="empty">Write configuration below <code>/srv/vigo/stacks</code> and put it live with <code>vigocli config publish</code>.</p>`
    : storyList(story, entries, clock.now())
}
${status.canary?.phase === 'watching' && canaryForms(visit)}
</section>`
}

function canaryForms({ principal, csrf }: Visit): Html | false {
  return (
    mayActAs(principal, 'operator') &&
    html`<div class="actions">${postButton({ csrf, action: '/rollout/promote', text: 'Give it to everybody now' })}${postButton({ csrf, action: '/rollout/stop', text: 'Take it back', isDanger: true })}</div>`
  )
}
