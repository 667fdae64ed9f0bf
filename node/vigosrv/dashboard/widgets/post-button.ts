import { type Html, html } from '../html.ts'

/** A form that is one button. */
export function postButton(options: {
  readonly csrf: string
  readonly action: string
  readonly text: string
  readonly isDanger?: boolean
  /** Hidden fields. */
  readonly fields?: Readonly<Record<string, string>>
}): Html {
  const { csrf, action, text, isDanger = false, fields = {} } = options
  return html`<form method="post" action="${action}"><input type="hidden" name="csrf" value="${csrf}">${Object.entries(
    fields,
  ).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<button class="${isDanger ? 'button is-danger' : 'button'}">${text}</button></form>`
}
