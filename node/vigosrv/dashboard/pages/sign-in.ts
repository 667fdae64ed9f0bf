import { type Html, html } from '../html.ts'

/** `to`: where to go afterwards, a path of this server. */
export function signInForm(options: { readonly to: string; readonly problem: string }): Html {
  const { to, problem } = options
  return html`<section class="sign-in card">
<h1>Sign in</h1>
${problem !== '' && html`<p class="problem-line" role="alert">${problem}</p>`}
<form method="post" action="/sign-in">
<input type="hidden" name="to" value="${to}">
<label><span>API token</span><input type="password" name="token" required maxlength="200" autocomplete="current-password" placeholder="vgot_…" spellcheck="false" autofocus></label>
<button class="button is-main">Sign in</button>
</form>
<p class="muted">A token is made on the server with <code>vigocli token create NAME --role viewer</code>. The session ends after an hour without use.</p>
</section>`
}

/** A path of this server, or the overview. */
export function ownPath(given: string | null): string {
  const to = given ?? '/'
  return /^\/(?![/\\])[\x21-\x7e]{0,1000}$/.test(to) ? to : '/'
}
