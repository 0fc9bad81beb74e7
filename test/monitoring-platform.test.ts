import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { endpointsSnapshot } from '../src/telemetry/endpoints.fixture.ts'
import { renderMetrics } from '../src/telemetry/render.ts'
import { findTool, needs } from './support/needs.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const ALERTS = 'ops/prometheus/slipway-platform-alerts.yml'
const ALERT_TESTS = 'ops/prometheus/slipway-platform-alerts.test.yml'
const dashboard = JSON.parse(read('ops/grafana/slipway-endpoints.json')) as {
  readonly uid: string
  readonly templating: { readonly list: readonly { readonly definition?: string }[] }
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** What the platform says of its endpoints, with labels. */
const METRICS: Readonly<Record<string, readonly string[]>> = {
  slipway_endpoint_requests_total: ['project', 'endpoint', 'variant', 'code'],
  slipway_endpoint_request_duration_seconds_bucket: ['project', 'endpoint', 'variant', 'le'],
  slipway_endpoint_in_flight: ['project', 'endpoint', 'variant'],
  slipway_endpoint_replicas: ['project', 'endpoint', 'variant', 'state'],
  slipway_key_requests_total: ['project', 'key', 'code'],
  slipway_capture_dropped_total: ['project', 'endpoint'],
  slipway_rollout_state: ['project', 'endpoint', 'state'],
  slipway_cold_starts_total: ['project', 'endpoint'],
  slipway_control_up: [],
}

/** Labels that Prometheus itself adds. */
const SCRAPED = ['job', 'instance']

/** Names of metrics in an expression that are not ours, and labels in braces that they do not have. */
function unknownIn(text: string): string[] {
  return [...text.matchAll(/\b(slipway_\w+)(?:\{([^}]*)\})?/g)].flatMap(([, name = '', matchers = '']) => {
    const labels = METRICS[name]
    if (labels === undefined) return [name]
    const named = [...matchers.matchAll(/(\w+)(?:=|!)/g)].map(([, label = '']) => label)
    return named
      .filter((label) => !labels.includes(label) && !SCRAPED.includes(label))
      .map((label) => `${name}{${label}}`)
  })
}

const withoutTexts = (yaml: string) => yaml.replaceAll(/^ *(#|summary:|description:).*$/gm, '')

describe('alerts and dashboard of the platform', () => {
  test.each([
    ['alerts', withoutTexts(read(ALERTS))],
    ['tests of alerts', withoutTexts(read(ALERT_TESTS))],
    ['dashboard', queries.join('\n')],
    ['variables of the dashboard', dashboard.templating.list.map(({ definition = '' }) => definition).join('\n')],
  ])('%s name only metrics and labels that there are', (_, text) => {
    expect(text).toContain('slipway_')
    expect(unknownIn(text)).toEqual([])
  })

  test('a metric or a label that there is not is found', () => {
    expect(unknownIn('rate(slipway_endpoint_request_total[5m])')).toEqual(['slipway_endpoint_request_total'])
    expect(unknownIn('slipway_endpoint_in_flight{model="x"}')).toEqual(['slipway_endpoint_in_flight{model}'])
  })

  test('all that they name is what runners really say', () => {
    const text = renderMetrics([endpointsSnapshot('runner-1')])
    const said = new Map<string, Set<string>>()
    for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)
      said.set(name, new Set([...(said.get(name) ?? []), ...names]))
    }
    for (const [name, labels] of Object.entries(METRICS))
      expect([name, labels.filter((label) => said.get(name)?.has(label) !== true)]).toEqual([name, []])
  })

  test('the dashboard shows each of them', () => {
    const shown = queries.join('\n')
    expect(Object.keys(METRICS).filter((name) => !shown.includes(name))).toEqual([])
  })

  test('every alert has a test in which it fires', () => {
    const names = [...read(ALERTS).matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name)
    const fired = [...read(ALERT_TESTS).matchAll(/alertname: (\w+)\n +exp_alerts:\n/g)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !fired.includes(name))).toEqual([])
  })

  test('the panels of the dashboard have ids of their own and do not overlap', () => {
    expect(dashboard.uid).not.toBe((JSON.parse(read('ops/grafana/slipway.json')) as { uid: string }).uid)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    const taken = new Map<string, string>()
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x} ${y}`), title).toBeUndefined()
          taken.set(`${x} ${y}`, title)
        }
      }
    }
  })
})

describe.skipIf(!needs('promtool'))('promtool', () => {
  function promtool(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(findTool('promtool') ?? '', args, { encoding: 'utf8', cwd: root })
    return status === 0 ? 'fine' : `${stdout}${stderr}`
  }

  test('takes the alerts of the platform', () => {
    expect(promtool('check', 'rules', ALERTS)).toBe('fine')
  })

  test('finds that they fire when they should, and only then', () => {
    expect(promtool('test', 'rules', ALERT_TESTS)).toBe('fine')
  }, 120_000)

  test('understands every query of the dashboard', () => {
    const rules = queries.map((expr, i) => ({
      record: `query:${i}`,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, '.*'),
    }))
    const folder = mkdtempSync(join(tmpdir(), 'slipway-dashboard-'))
    const file = join(folder, 'rules.yml') // JSON is YAML
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    const said = promtool('check', 'rules', file)
    rmSync(folder, { recursive: true })
    expect(said).toBe('fine')
  })
})
