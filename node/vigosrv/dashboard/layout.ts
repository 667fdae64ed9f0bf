import { mayActAs, type Principal } from '../http/principal.ts'
import type { Assets } from './assets.ts'
import { type Html, html, type Renderable } from './html.ts'
import type { Page, Visit } from './page.ts'
import { problemBanner } from './problem-banner.ts'

const SECTIONS = [
  ['/', 'Overview'],
  ['/envoys', 'Envoys'],
  ['/runs', 'Runs'],
  ['/releases', 'Releases'],
  ['/tasks', 'Tasks'],
  ['/artifacts', 'Artifacts'],
  ['/bolts', 'Bolts'],
  ['/projects', 'Projects'],
  ['/audit', 'Audit'],
] as const

/** htmx: nothing that needs more than the content security policy allows; what somebody unfolded stays so when its page is updated. */
const HTMX_CONFIG =
  '{"includeIndicatorCSS":false,"history":false,"extensions":"sse","morphIgnore":["data-htmx-powered","open"]}'

/** The whole document of a page. */
export async function document(page: Page, visit: Visit, assets: Assets): Promise<Html> {
  const fragments: Html[] = []
  for (const { render } of page.fragments) fragments.push(await render())
  const { principal, csrf, url, parts } = visit
  const problem = problemBanner(parts, page)
  return shell({
    title: page.title,
    assets,
    hostname: parts.hostname,
    header: html`${navigation(url.pathname)}${account(principal, csrf)}`,
    body: html`${problem}
<main id="main" class="page page-${page.name}" tabindex="-1">
${fragments}
</main>
<footer class="foot"><span id="live" class="live" role="status" data-state="off">Not live: reload to update</span> <span class="muted">vigosrv ${parts.version} on ${parts.hostname} · times in UTC</span></footer>
<div hidden hx-sse:connect="${url.pathname}${url.search}" hx-sse:close="vigo:signed-out" hx-swap="none"></div>`,
  })
}

/** A document without live parts: to sign in, or for what went wrong. */
export function plainDocument(options: { title: string; assets: Assets; hostname: string; body: Renderable }): Html {
  const { title, assets, hostname, body } = options
  return shell({
    title,
    assets,
    hostname,
    header: null,
    body: html`<main id="main" class="page page-plain" tabindex="-1">${body}</main>`,
  })
}

function shell(options: { title: string; assets: Assets; hostname: string; header: Html | null; body: Html }): Html {
  const { title, assets, hostname, header, body } = options
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="htmx-config" content="${HTMX_CONFIG}">
<title>${title} · Vigo</title>
<link rel="icon" href="${assets.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${assets.style}">
${header !== null && html`<script src="${assets.script}" defer></script>\n`}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/"><img src="${assets.icon}" alt="" width="24" height="24"><span>Vigo</span><span class="brand-host">${hostname}</span></a>
${header}
</header>
${body}
</body>
</html>
`
}

function navigation(path: string): Html {
  return html`<nav class="sections" aria-label="Sections"><ul>${SECTIONS.map(([to, text]) => {
    const isHere = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`)
    return isHere
      ? html`<li><a href="${to}" aria-current="page">${text}</a></li>`
      : html`<li><a href="${to}">${text}</a></li>`
  })}</ul></nav>`
}

function account(principal: Principal, csrf: string): Html {
  const what = mayActAs(principal, 'operator') ? principal.role : 'viewer: reads only'
  return html`<form class="account" method="post" action="/sign-out"><input type="hidden" name="csrf" value="${csrf}">
<span class="who"><b>${principal.name}</b> <span class="muted">${what}</span></span> <button class="button is-small">Sign out</button></form>`
}
