/** Schemathesis makes thousands of requests of the OpenAPI document, good and bad, and checks each answer against it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { GraphBuilder, writeOnnx } from '../../src/onnx/index.ts'
import type { Datatype } from '../../src/tensor/datatype.ts'
import { tensor } from '../../src/tensor/tensor.ts'
import { endCommands, startServer } from '../support/command.ts'
import { needs } from '../support/needs.ts'
import { binFolder, quietEnvironment } from '../support/python.ts'

const SEED = '1'
const EXAMPLES = '20'
const LONGEST_MS = 240_000

/** `X` FP32 [rows, 3] to `y`, the same within bounds: whatever is asked, JSON can hold the answer. */
function clippingModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'clipping' })
  const bounds = [-1000, 1000].map((bound) => graph.initializer(tensor('FP32', [], Float32Array.of(bound))))
  graph.op('Clip', [graph.input('X', 'FP32', ['rows', 3]), ...bounds], {}, { outputs: ['y'] })
  graph.output('y', 'FP32', ['rows', 3])
  return writeOnnx(graph.build())
}

/** An input of each of several datatypes, and an output for each; of the text, whether it is itself. */
function mixedModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'mixed' })
  const given: readonly (readonly [string, Datatype])[] = [
    ['age', 'INT64'],
    ['isNew', 'BOOL'],
    ['level', 'UINT8'],
  ]
  for (const [name, datatype] of given) {
    graph.op('Identity', [graph.input(name, datatype, ['rows'])], {}, { outputs: [`${name}_again`] })
    graph.output(`${name}_again`, datatype, ['rows'])
  }
  const city = graph.input('city', 'BYTES', ['rows'])
  graph.op('Equal', [city, city], {}, { outputs: ['isCity'] })
  graph.output('isCity', 'BOOL', ['rows'])
  return writeOnnx(graph.build())
}

/** Two inputs of numbers, and whether one is the greater. */
function greaterModel(): Uint8Array {
  const graph = new GraphBuilder({ name: 'greater' })
  const given = ['a', 'b'].map((name) => graph.input(name, 'FP32', ['rows']))
  graph.op('Greater', given, {}, { outputs: ['isGreater'] })
  graph.output('isGreater', 'BOOL', ['rows'])
  return writeOnnx(graph.build())
}

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-openapi-'))
  for (const name of ['one', 'several']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'one/clipping.onnx'), clippingModel())
  await writeFile(join(folder, 'several/mixed.onnx'), mixedModel())
  await writeFile(join(folder, 'several/greater.onnx'), greaterModel())
})

afterEach(endCommands)

afterAll(() => rm(folder, { recursive: true }))

/** Makes every check; gives its exit code, and what it wrote. */
function schemathesis(url: string): Promise<readonly [code: number, said: string]> {
  const bounds = ['--max-examples', EXAMPLES, '--workers', '1', '--seed', SEED, '--generation-database', 'none']
  const args = ['run', `${url}/openapi.json`, '--checks', 'all', ...bounds, '--no-color']
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: LONGEST_MS, maxBuffer: 1 << 26, env: quietEnvironment('schemathesis') }
    execFile(join(binFolder('schemathesis'), 'schemathesis'), args, options, (error, stdout, stderr) =>
      resolve([error === null ? 0 : 1, stdout + stderr]),
    )
  })
}

test.skipIf(!needs('linux', 'python environment schemathesis')).each(['one', 'several'])(
  'what a server promises of models is kept: %s',
  async (models) => {
    const server = await startServer([join(folder, models), '--data', join(folder, 'data')])
    const [code, said] = await schemathesis(server.url)
    expect(code, said).toBe(0)
    expect(server.stderr()).not.toMatch(/request failed|runner died|"level":"error"/)
  },
  LONGEST_MS,
)
