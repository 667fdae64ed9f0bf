import type { FleetEvent } from '../fleet/types.ts'
import type { Principal } from '../http/principal.ts'
import type { Html } from './html.ts'
import type { DashboardParts } from './parts.ts'

/**
 * A page is a list of fragments. They are rendered together for the document, and again one by one for its live stream, which sends
 * those that changed. A fragment's outermost element has the fragment's id.
 */
export interface Page {
  readonly title: string
  /** Of its `main`, for the style sheet. */
  readonly name: string
  readonly fragments: readonly Fragment[]
  /** Which events may change it. All, when left out. */
  readonly wakesOn?: (event: FleetEvent) => boolean
  /** Follows what no event tells of, until the signal fires; calls `wake` when the page may have changed. */
  readonly follow?: (wake: () => void, signal: AbortSignal) => Promise<void>
}

export interface Fragment {
  readonly id: string
  /** Rendered once only: forms that somebody may be filling in. */
  readonly isFixed?: boolean
  readonly render: () => Html | Promise<Html>
}

/** One look at a page. */
export interface Visit {
  readonly parts: DashboardParts
  readonly principal: Principal
  /** For the forms of the page. */
  readonly csrf: string
  /** Path and query; the host is of no importance. */
  readonly url: URL
  /** Of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Fires when nobody waits for the page any more. */
  readonly signal: AbortSignal
}

/** @throws DashboardError 'not-found', and whatever the parts throw */
export type PageOf = (visit: Visit) => Page | Promise<Page>
