import { type Html, html } from '../html.ts'
import { grouped } from './counted.ts'

export interface PageOfRows<Row> {
  readonly rows: readonly Row[]
  /** From 1. */
  readonly page: number
  readonly pages: number
  readonly total: number
  readonly from: number
}

/** The page of the query's `page`, or the nearest that there is. */
export function pageOf<Row>(all: readonly Row[], wanted: string | null, size: number): PageOfRows<Row> {
  const pages = Math.max(1, Math.ceil(all.length / size))
  const asked = /^[0-9]{1,9}$/.test(wanted ?? '') ? Number(wanted) : 1
  const page = Math.min(pages, Math.max(1, asked))
  const from = (page - 1) * size
  return { rows: all.slice(from, from + size), page, pages, total: all.length, from }
}

/** Links to the other pages; says how many rows there are also when there is one page only. */
export function pager({ rows, page, pages, total, from }: PageOfRows<unknown>, url: URL, what: string): Html {
  const shown =
    rows.length === 0
      ? `no ${what}`
      : `${grouped(from + 1)}–${grouped(from + rows.length)} of ${grouped(total)} ${what}`
  if (pages === 1) return html`<p class="pager"><span class="muted">${shown}</span></p>`
  const link = (to: number, text: string, label: string) =>
    to < 1 || to > pages || to === page
      ? html`<span class="button is-off" aria-hidden="true">${text}</span>`
      : html`<a class="button" href="${withPage(url, to)}" aria-label="${label}">${text}</a>`
  return html`<nav class="pager" aria-label="Pages of ${what}">
<span class="muted">${shown}</span>
<span class="pages">${link(1, '«', 'First page')}${link(page - 1, '‹ Back', 'Page before')}<span>page ${page} of ${pages}</span>${link(page + 1, 'Next ›', 'Next page')}${link(pages, '»', 'Last page')}</span>
</nav>`
}

function withPage(url: URL, page: number): string {
  const query = new URLSearchParams(url.searchParams)
  query.set('page', String(page))
  return `${url.pathname}?${query.toString()}`
}
