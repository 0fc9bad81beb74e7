import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { BenchModel } from './models.ts'
import { environmentOf, peerPlan, PEERS } from './peers.ts'

const model: BenchModel = {
  name: 'tiny',
  file: '/models/tiny/tiny.onnx',
  questions: [{ model: 'tiny', rows: 1, inputs: [], outputs: [] }],
}

describe.each(PEERS.map((peer) => [peer.name, peer] as const))('%s', (_name, peer) => {
  const requirements = readFileSync(environmentOf(peer).requirements, 'utf8')
  const lines = requirements.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const plan = peerPlan(peer, { model, python: '/venv/bin/python' }, '/logs')

  test('has every package pinned, those that are told among them', () => {
    expect(lines.filter((line) => !/^[\w.-]+(\[\w+\])?==[\w.+!]+$/.test(line))).toEqual([])
    const names = lines.map((line) => line.replace(/(\[.*)?==.*/, ''))
    for (const name of ['onnxruntime', 'numpy', ...peer.packages]) expect(names).toContain(name)
  })

  test('runs the same ONNX Runtime as the others', () => {
    expect(lines.find((line) => line.startsWith('onnxruntime=='))).toBe('onnxruntime==1.32.0')
  })

  test('starts from its own folder, on the port that it is given, without telemetry', () => {
    expect(plan.cwd !== undefined && existsSync(plan.cwd)).toBe(true)
    const env = plan.env?.(8123, [8124, 8125]) ?? {}
    expect(env).toMatchObject({ ORT_DISABLE_TELEMETRY: '1', MODEL_FILE: model.file, MODEL_NAME: 'tiny' })
    expect([...plan.args(8123), ...Object.values(env)]).toContain('8123')
  })

  test('can be asked every question', () => {
    expect([...plan.exchanges.keys()]).toEqual(peer.grpc === 'only' ? [] : [1])
    expect([...(plan.grpcExchanges?.keys() ?? [])]).toEqual(peer.grpc === undefined ? [] : [1])
  })
})

test('peers share one helper, which is there', () => {
  expect(existsSync(join(import.meta.dirname, 'peers/common/onnx_model.py'))).toBe(true)
})
