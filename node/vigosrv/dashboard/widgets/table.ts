import { type Html, html, type Renderable } from '../html.ts'

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => Renderable
  /** Names the row for those who hear the table; one column has it. */
  readonly isHeading?: boolean
  readonly isNumber?: boolean
  /** Says by itself what it is: on narrow screens such values stand in one line, without their titles. */
  readonly isPlain?: boolean
}

/** A table that turns into a list of labelled values on narrow screens. */
export function table<Row>(options: {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** In place of the table when there are no rows. */
  readonly empty: Renderable
}): Html {
  const { caption, columns, rows, empty } = options
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`
  return html`<table class="rows">
<caption class="hidden">${caption}</caption>
<thead><tr>${columns.map(({ title, isNumber }) => html`<th scope="col" class="${isNumber === true ? 'number' : ''}">${title}</th>`)}</tr></thead>
<tbody>${rows.map(row => html`<tr>${columns.map(column => cell(column, row))}</tr>\n`)}</tbody>
</table>`
}

function cell<Row>({ title, cell: of, isHeading, isNumber, isPlain }: Column<Row>, row: Row): Html {
  const content = of(row)
  if (isHeading === true) return html`<th scope="row" data-label="${title}">${content}</th>`
  const classes = [isNumber === true && 'number', isPlain === true && 'plain'].filter(name => name !== false).join(' ')
  return html`<td data-label="${title}" class="${classes}"><span class="cell">${content}</span></td>`
}
