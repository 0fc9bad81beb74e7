import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { SAMPLE_PARTS } from '../bundle/sample-bundle.fixture.ts'
import type { Manifest } from '../bundle/manifest.ts'
import { decodeV2Request } from '../codecs/v2-json.ts'
import { curlLine } from './curl-line.ts'

const manifest: Manifest = {
  ...SAMPLE_PARTS,
  files: {},
  signature: {
    inputs: [
      { name: 'x', datatype: 'FP32', shape: [-1] },
      { name: "it's $HOME `x` \\", datatype: 'INT64', shape: [-1] },
      { name: 'word', datatype: 'BYTES', shape: [-1, 2] },
    ],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
  },
  example: {
    "it's $HOME `x` \\": { datatype: 'INT64', shape: [1], data: ['9007199254740993'] },
    word: { datatype: 'BYTES', shape: [1, 2], data: [Buffer.from(`"it's" $(id)`).toString('base64'), ''] },
    x: { datatype: 'FP32', shape: [1], data: [0.10000000149011612] },
  },
}

test('a shell sends the example row exactly as it was recorded, whatever names and texts hold', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-curl-'))
  try {
    // a curl that notes what it is given
    await writeFile(join(folder, 'curl'), '#!/bin/sh\nprintf %s "$1" > "$0.url"; printf %s "$3" > "$0.body"\n', {
      mode: 0o755,
    })
    const line = curlLine('http://127.0.0.1:1', 'a model', manifest)
    await promisify(execFile)('/bin/sh', ['-c', line], { env: { PATH: `${folder}:/usr/bin:/bin` } })
    expect(await readFile(join(folder, 'curl.url'), 'utf8')).toBe('http://127.0.0.1:1/v2/models/a%20model/infer')
    const { inputs } = decodeV2Request(await readFile(join(folder, 'curl.body')))
    expect([...inputs.keys()]).toEqual(manifest.signature.inputs.map(({ name }) => name))
    expect(inputs.get("it's $HOME `x` \\")?.data).toEqual(BigInt64Array.of(9007199254740993n))
    const words = inputs.get('word')?.data as readonly Uint8Array[]
    expect(words.map((word) => Buffer.from(word).toString())).toEqual([`"it's" $(id)`, ''])
    expect(inputs.get('x')?.data).toEqual(Float32Array.of(0.1))
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('where keys are asked for, the line sends the one that the shell has', () => {
  expect(curlLine('http://127.0.0.1:1', 'm', manifest, true)).toMatch(
    /^curl -H "authorization: Bearer \$SLIPWAY_KEY" http:/,
  )
})

test('a row of a data frame is sent as people write it: each value under its name, in the order of the model', () => {
  const column = (name: string, datatype: 'FP64' | 'BYTES') => ({ name, datatype, shape: [-1, 1] }) as const
  const inputs = [column('zeal', 'FP64'), column('__proto__', 'FP64'), column("it's", 'BYTES')]
  const cell = { datatype: 'FP64', shape: [1, 1], data: [2.5] } as const
  const text = { datatype: 'BYTES', shape: [1, 1], data: [Buffer.from('"q"').toString('base64')] } as const
  const example = Object.fromEntries([["it's", text] as const, ['__proto__', cell] as const, ['zeal', cell] as const])
  const { outputs } = manifest.signature
  expect(curlLine('http://h', 'a b', { ...manifest, example, signature: { inputs, outputs } })).toBe(
    String.raw`curl http://h/v1/models/a%20b:predict -d '{"instances":[{"zeal":2.5,"__proto__":2.5,"it'\''s":"\"q\""}]}'`,
  )
})

const HALVES: Manifest['example'] = { x: { datatype: 'FP16', shape: [1, 2], data: [0x3800, 0xc000] } }
const INPUTS = [{ name: 'x', datatype: 'FP16', shape: [-1, 2] }] as const

test('half floats that a model takes are sent as FP32, which holds them exactly', () => {
  const outputs = [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }] as const
  const halves = { ...manifest, example: HALVES, signature: { inputs: INPUTS, outputs } }
  expect(curlLine('http://h', 'm', halves)).toBe(
    `curl http://h/v2/models/m/infer -d '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0.5,-2]}]}'`,
  )
})

test('a model that gives half floats is asked for rows', () => {
  const outputs = [{ name: 'y', datatype: 'BF16', shape: [-1, 2] }] as const
  const halves = { ...manifest, example: HALVES, signature: { inputs: INPUTS, outputs } }
  expect(curlLine('http://h', 'm', halves)).toBe(
    "curl -H 'content-type: application/json' -H 'x-amzn-sagemaker-target-model: m' http://h/invocations " +
      `-d '{"instances":[{"x":[0.5,-2]}]}'`,
  )
})
