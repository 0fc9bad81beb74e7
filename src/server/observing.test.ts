import { expect, test } from 'vitest'
import type { Observing } from './operation-messages.ts'
import { createObservingSettings } from './observing.ts'

const LOG = { info: true, warning: true, error: true, debug: false }

function start(traces: { isOn: boolean; ratio: number } | undefined) {
  const told: Observing[] = []
  const settings = createObservingSettings({ log: LOG, traces, onChange: (now) => told.push(now) })
  return { settings, told }
}

test('what the log shows is changed in part, and told to all', () => {
  const { settings, told } = start(undefined)
  expect(settings.logSettings(undefined)).toEqual(LOG)
  expect(told).toEqual([])
  expect(settings.logSettings({ info: false })).toEqual({ ...LOG, info: false })
  expect(told).toMatchObject([{ log: { ...LOG, info: false } }])
})

test('a model is traced as all are, but for what was changed of it, until that is taken back', () => {
  const { settings, told } = start({ isOn: true, ratio: 0.5 })
  expect(settings.traceSettings('m', { ratio: 1 })).toEqual({ isOn: true, ratio: 1 })
  expect(settings.traceSettings(undefined, { isOn: false, ratio: 0.1 })).toEqual({ isOn: false, ratio: 0.1 })
  expect(told.at(-1)?.traces).toEqual({ all: { isOn: false, ratio: 0.1 }, models: { m: { isOn: false, ratio: 1 } } })
  expect(settings.traceSettings('m', { ratio: null, isOn: true })).toEqual({ isOn: true, ratio: 0.1 })
  expect(settings.traceSettings(undefined, { isOn: null, ratio: null })).toEqual({ isOn: true, ratio: 0.5 })
  expect(settings.traceSettings('m', undefined)).toEqual({ isOn: true, ratio: 0.5 })
})

test('traces that would go nowhere are not turned on', () => {
  const { settings, told } = start(undefined)
  expect(settings.traceSettings(undefined, undefined)).toEqual({ isOn: false, ratio: 0 })
  expect(settings.traceSettings(undefined, { isOn: false, ratio: null })).toMatchObject({ isOn: false })
  expect(() => settings.traceSettings('m', { isOn: true })).toThrow(/OTEL_EXPORTER_OTLP_ENDPOINT/)
  expect(() => settings.traceSettings('m', { ratio: 1 })).toThrow(/OTEL_EXPORTER_OTLP_ENDPOINT/)
  expect(told).toHaveLength(1)
})
