import { type Html, html } from './html.ts'
import { counted } from './widgets/counted.ts'
import { icon } from './widgets/icon.ts'

const DONE = ['pushed', 'rolled-back', 'promoted', 'stopped', 'cancelled', 'drains', 'serves'] as const
export type Done = (typeof DONE)[number]

const SENTENCES: Readonly<Record<Done, (count: number) => string>> = {
  pushed: count => `${counted(count, 'connected envoy was', 'connected envoys were')} asked to check in now.`,
  'rolled-back': count => `Rolled back: the old release is live again as #${count}.`,
  promoted: () => 'The release was given to everybody.',
  stopped: () => 'The release was taken back.',
  cancelled: () => 'The task was told to stop.',
  drains: () => 'Its envoys go to other bolts.',
  serves: () => 'It takes its envoys back.',
}

/** What the form before this page did. Only words of ours are shown: the query may be anybody's. */
export function noticeOf(query: URLSearchParams): Html {
  const done = DONE.find(each => each === query.get('done'))
  if (done === undefined) return html`<div id="notice"></div>`
  const count = /^[0-9]{1,9}$/.test(query.get('count') ?? '') ? Number(query.get('count')) : 0
  return html`<div id="notice"><p class="notice" role="status">${icon('check')} ${SENTENCES[done](count)}</p></div>`
}

/** Where a form leads after it did its work. */
export function withNotice(path: string, done: Done, count = 0): string {
  return `${path}?done=${done}&count=${count}`
}
