import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Declaration } from '#node/metrics'
import { declared } from './fixture.ts'

const top = fileURLToPath(new URL('../../../', import.meta.url))
const known = new Map([...declared.server, ...declared.agent].map(each => [each.name, each]))

/** Of a histogram there are three series, and not the name itself. */
function declarationOf(series: string): Declaration | undefined {
  const base = series.replace(/_(?:bucket|sum|count)$/, '')
  const histogram = known.get(base)
  if (base !== series && histogram?.type === 'histogram') return histogram
  const plain = known.get(series)
  return plain?.type === 'histogram' ? undefined : plain
}

/** What is wrong with the metrics that an expression names. */
function problems(expression: string): string[] {
  const found: string[] = []
  const names = [...expression.matchAll(/\b((?:vigo|process)_[a-z_]+)(?:\{([^}]*)\})?/g)]
  if (names.length === 0 && !expression.startsWith('up{')) found.push(`names no metric: ${expression}`)
  for (const [, name = '', matchers = ''] of names) {
    const declaration = declarationOf(name)
    if (declaration === undefined) found.push(`there is no ${name}`)
    for (const [, label = '', values = ''] of matchers.matchAll(/([a-z_]+)=~?"([^"]*)"/g)) {
      if (label === 'instance') continue
      const all = declaration?.labels[label]
      if (all === undefined) found.push(`${name} has no label ${label}`)
      else if (/^[a-z|-]+$/.test(values)) {
        for (const value of values.split('|'))
          if (!all.includes(value)) found.push(`${label} of ${name} is never ${value}`)
      }
    }
    const counter = declaration?.type === 'counter'
    if (counter && !new RegExp(`(?:rate|increase)\\(${name}`).test(expression))
      found.push(`${name} grows; use rate() of it`)
  }
  for (const [, label = ''] of expression.matchAll(/\bby \(([a-z_]+)\)/g)) {
    const isThere = label === 'le' || names.some(([, name = '']) => declarationOf(name)?.labels[label] !== undefined)
    if (!isThere) found.push(`nothing has the label ${label}: ${expression}`)
  }
  if (count(expression, '(') !== count(expression, ')')) found.push(`brackets do not match: ${expression}`)
  return found
}

function count(text: string, character: string): number {
  return text.split(character).length - 1
}

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

describe('alert rules', () => {
  const { groups } = parse(readFileSync(`${top}packaging/prometheus/alerts.yml`, 'utf8')) as {
    groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
  }
  const rules = groups.flatMap(group => group.rules)

  test('name metrics, labels and values that there are', () => {
    expect(rules.length).toBeGreaterThan(10)
    expect(rules.flatMap(({ expr }) => problems(expr))).toEqual([])
  })

  test('say what happened and what to do, and are all in the document', () => {
    const document = readFileSync(`${top}docs/metrics.md`, 'utf8')
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
    for (const { alert, labels, annotations } of rules) {
      expect(['critical', 'warning', 'info'], alert).toContain(labels.severity)
      expect(annotations.summary.length, alert).toBeGreaterThan(10)
      expect(annotations.description.length, alert).toBeGreaterThan(10)
      expect(document, alert).toContain(`\`${alert}\``)
    }
  })

  test('are found out when they name what there is not', () => {
    expect(problems('vigo_nodes > 1')).toEqual(['there is no vigo_nodes'])
    expect(problems('vigo_envoys{axis="status",state="broken"} > 1')).toEqual(['state of vigo_envoys is never broken'])
    expect(problems('vigo_runs_total > 1')).toEqual(['vigo_runs_total grows; use rate() of it'])
    expect(problems('vigo_checkin_age_seconds > 1')).toEqual(['there is no vigo_checkin_age_seconds'])
    expect(problems('sum by (host) (vigo_nodes_total)')).toEqual([
      'nothing has the label host: sum by (host) (vigo_nodes_total)',
    ])
  })
})

describe('the Grafana dashboard', () => {
  const board = JSON.parse(readFileSync(`${top}packaging/grafana/vigo.json`, 'utf8')) as {
    panels: readonly {
      id: number
      type: string
      title: string
      gridPos: { x: number; y: number; w: number; h: number }
      targets?: readonly { expr: string }[]
    }[]
  }

  test('names metrics, labels and values that there are', () => {
    const expressions = board.panels.flatMap(({ targets }) => targets?.map(({ expr }) => expr) ?? [])
    expect(expressions.length).toBeGreaterThan(20)
    expect(expressions.flatMap(problems)).toEqual([])
  })

  test('has panels that have an id of their own and do not lie on each other', () => {
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length)
    const cells = new Set<string>()
    for (const {
      title,
      gridPos: { x, y, w, h },
    } of board.panels) {
      expect(x + w, title).toBeLessThanOrEqual(24)
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          expect(cells.has(`${column} ${line}`), title).toBe(false)
          cells.add(`${column} ${line}`)
        }
      }
    }
  })
})
