import type { WaiverDeclaration } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { MapNode } from '../node.ts'
import { Fields } from './fields.ts'
import { checkHostGlob } from './host-glob.ts'

export const waiverKeys: readonly string[] = ['framework', 'control', 'reason', 'match', 'expires']

/** One item of `waivers:`. */
export function readWaiver(map: MapNode, diagnostics: Diagnostics): WaiverDeclaration | undefined {
  const fields = new Fields(map, 'a waiver', waiverKeys, diagnostics)
  const framework = fields.requiredText('framework')
  const control = fields.requiredText('control')
  const reason = fields.requiredText('reason')
  const match = fields.text('match')
  const expires = fields.text('expires')
  if (match !== undefined) checkHostGlob(match, diagnostics)
  if (expires !== undefined && !isDate(expires.value)) {
    diagnostics.error({
      code: 'date',
      span: expires.span,
      message: `'${expires.value.slice(0, 40)}' is not a date`,
      hint: 'write year, month and day, for example 2027-03-31; the waiver holds until the end of that day in UTC',
    })
  }
  if (framework === undefined || control === undefined || reason === undefined) return undefined
  return { framework, control, reason, match, expires, span: map.span }
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}
