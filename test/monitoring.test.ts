import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answered, servedModel } from '../src/telemetry/answered.fixture.ts'
import { endpointsSnapshot } from '../src/telemetry/endpoints.fixture.ts'
import { renderMetrics } from '../src/telemetry/render.ts'
import { createTelemetry } from '../src/telemetry/telemetry.ts'
import { findTool, needs } from './support/needs.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const alerts = read('ops/prometheus/slipway-alerts.yml')
const dashboard = JSON.parse(read('ops/grafana/slipway.json')) as {
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly panels: readonly {
    readonly id: number
    readonly title: string
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
    readonly targets?: readonly { readonly expr: string }[]
  }[]
}
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

/** Each family that is really written, with its type, the names of its samples and its labels. */
async function rendered() {
  const telemetry = await createTelemetry({
    process: 'runner-1',
    version: '1',
    now: () => 0,
    epochNow: () => 0,
    gauges: () => [{ model: servedModel('fraud'), queuedRows: 0, running: 0, inFlight: 0 }],
  })
  telemetry.onAnswered(answered({ model: servedModel('fraud') }))
  await telemetry.close()
  const text = renderMetrics([telemetry.snapshot(), endpointsSnapshot('runner-1')], {
    runDeaths: [{ model: 'fraud', version: 'v', count: 1 }],
  })
  const families = new Map<string, { type: string; labels: Set<string> }>()
  const samples = new Map<string, Set<string>>()
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    families.set(name, { type, labels: new Set() })
  for (const [, name = '', labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)
    samples.set(name, new Set([...(samples.get(name) ?? []), ...names]))
    for (const label of names) if (label !== 'le') family?.labels.add(label)
  }
  return { families, samples }
}

/** Names of metrics of ours in an expression, each with the labels that stand in its braces. */
function metricsIn(text: string): { name: string; labels: string[] }[] {
  return [...text.matchAll(/\b((?:slipway|process)_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)(?:=|!)/g)].map(([, label = '']) => label),
  }))
}

/** Labels that Prometheus itself adds. */
const SCRAPED = ['job', 'instance']

describe('alerts and dashboard', () => {
  test.each([
    ['alerts', alerts.replaceAll(/^ *(#|summary:|description:).*$/gm, '')],
    [
      'tests of alerts',
      read('ops/prometheus/slipway-alerts.test.yml').replaceAll(/^ *(summary|description):.*$/gm, ''),
    ],
    ['dashboard', queries.map(({ expr }) => expr).join('\n')],
    ['variables of the dashboard', dashboard.templating.list.map(({ definition = '' }) => definition).join('\n')],
  ])('%s name only metrics and labels that there are', async (_, text) => {
    const { samples } = await rendered()
    const found = metricsIn(text)
    expect(found.length).toBeGreaterThan(2)
    const unknown = found.flatMap(({ name, labels }) => {
      const known = samples.get(name)
      if (known === undefined) return [name]
      return labels.filter((label) => !known.has(label) && !SCRAPED.includes(label)).map((label) => `${name}{${label}}`)
    })
    expect(unknown).toEqual([])
  })

  test('every alert has a test in which it fires', () => {
    const names = [...alerts.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name)
    const fired = [...read('ops/prometheus/slipway-alerts.test.yml').matchAll(/alertname: (\w+)\n +exp_alerts:\n/g)]
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !fired.some(([, one]) => one === name))).toEqual([])
  })

  test('the panels of the dashboard have ids of their own and do not overlap', () => {
    expect(dashboard.schemaVersion).toBe(42)
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

  test('the page on metrics has every one, with its type and its labels', async () => {
    const { families } = await rendered()
    const rows = [...read('docs/metrics.md').matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\|/gm)]
    const documented = rows.map(([, name, type, labels = '']) => [
      name,
      type,
      [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).sort(),
    ])
    expect(documented).toEqual([...families].map(([name, { type, labels }]) => [name, type, [...labels].sort()]))
  })
})

describe.skipIf(!needs('promtool'))('promtool', () => {
  function promtool(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync(findTool('promtool') ?? '', args, { encoding: 'utf8', cwd: root })
    return status === 0 ? 'fine' : `${stdout}${stderr}`
  }

  test('takes the alerts', () => {
    expect(promtool('check', 'rules', 'ops/prometheus/slipway-alerts.yml')).toBe('fine')
  })

  test('finds that the alerts fire when they should, and only then', () => {
    expect(promtool('test', 'rules', 'ops/prometheus/slipway-alerts.test.yml')).toBe('fine')
  }, 120_000)

  test('understands every query of the dashboard', () => {
    const rules = queries.map(({ expr }, i) => ({
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
