import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { needs } from '../../../test/support/needs.ts'
import { ServingError } from '../../core/errors.ts'
import type { LoadedStep } from '../engine.ts'
import { createBench, livingProcesses, row, type TypeScriptBench } from './typescript.fixture.ts'

let bench: TypeScriptBench

beforeEach(() => {
  bench = createBench()
})

afterEach(() => bench.end())

async function ask(step: LoadedStep, a: number, b = 0): Promise<number[]> {
  const outputs = await step.run(row(a, b), ['y'])
  return Array.from((outputs.get('y')?.data ?? []) as ArrayLike<number>)
}

function failureOf(promise: Promise<unknown>): Promise<ServingError> {
  return promise.then(
    (value) => {
      throw new Error(`it answered ${String(value)}`)
    },
    (error: unknown) => ServingError.from(error),
  )
}

/** Code whose predict does one thing. @param body of it, with `x`, `model` and `context` at hand */
const doing = (body: string, before = '') => ({
  'predict.ts': `${before}
type Given = { x: { data: Float64Array } }
const answer = (...data: number[]) => ({ y: { datatype: 'FP64', shape: [1, data.length], data } })
export async function predict(inputs: Given, model: (inputs: object) => Promise<any>, context: any): Promise<object> {
  const x = inputs.x.data
  ${body}
}
`,
})

/** Code that does what the first number says. */
const DOES = doing(
  `switch (x[0]) {
    case 1: process.exit(4)
    case 2: for (;;) {}
    case 3: await new Promise(() => {})
    case 4: return (undefined as any).score
    case 5: throw new InvalidInput('x is 5')
    case 6: { const held = []; for (;;) held.push(new Float64Array(1e6).fill(1)) }
    case 7: for (let i = 0; i < 3000; i++) console.log('z'.repeat(3000)); break
    case 8: return answer(process.pid)
    case 9: return { z: answer(1).y }
    case 10: return { y: { datatype: 'FP32', data: [1] } }
    case 11: return { y: { datatype: 'FP64', shape: [2], data: [1] } }
    case 12: return 'text' as any
    case 14: void Promise.reject(new Error('behind')); return answer(14)
    case 15: JSON.parse('{"__proto__":{}}'); (Object.prototype as any).left = 1; break
    case 16: return answer(({} as any).left ?? 0)
    case 17: Map.prototype[Symbol.iterator] = () => { throw new Error('mine') }; break
    case 18: throw new Proxy(new Error('p'), { get() { throw new Error('q') }, getPrototypeOf() { throw new Error('r') } })
    case 19: throw Object.defineProperty(new Error('n'), 'name', { get() { throw 1 } })
    case 21: return new Proxy({}, { ownKeys() { throw new Error('s') } })
    case 13: void Promise.reject(new Error('nobody waits')); await new Promise((done) => setTimeout(done, 50))
  }
  const { twice } = await model(inputs)
  return { y: { ...twice, data: twice.data.map((each: number) => each + 1) } }`,
  `import { InvalidInput } from 'slipway'`,
)

describe('code in TypeScript', () => {
  test('calls the compiled model, with other files of its folder at hand', async () => {
    const step = await bench.load({
      'predict.ts': `import { shift } from './lib/shift'
import { offset } from './lib/offset.js'
import names from './names.json' with { type: 'json' }
import { readFileSync } from 'node:fs'
import type { Context, GivenTensors, Model, Tensors } from 'slipway'
import { numbers, tensor } from 'slipway'
const text = readFileSync(new URL('lib/a b.txt', import.meta.url), 'utf8')
export async function load(context: Context): Promise<{ by: number }> {
  return { by: Number(context.readText('lib/a b.txt')) + Number(text) + Number(readFileSync('lib/a b.txt', 'utf8')) }
}
export const preprocess = (inputs: Tensors): GivenTensors => ({ x: tensor('FP64', numbers(inputs.x).map(shift), [1, 2]) })
export async function predict(inputs: GivenTensors, model: Model) { return model(inputs) }
export function postprocess({ twice }: Tensors, { state }: Context<{ by: number }>): GivenTensors {
  return { [names[0]!]: tensor('FP64', numbers(twice).map((each) => each + state.by + offset)) }
}
`,
      'lib/shift.ts': 'export function shift(value: number): number { return value + 10 }',
      'lib/offset.ts': 'export const offset: number = 0.5',
      'names.json': '["y"]',
      'lib/a b.txt': '100',
    })
    expect(await ask(step, 1, 2)).toEqual([322.5, 324.5])
    expect(step.processes).toBe(1)
  })

  test('without predict has its model run between the other two, and needs neither of them', async () => {
    const after = 'export const postprocess = ({ twice }: any) => ({ y: twice })'
    expect(await ask(await bench.load({ 'predict.ts': after }), 3, 4)).toEqual([6, 8])
    const whole = 'export default { predict: async (inputs: any, model: any) => ({ y: (await model(inputs)).twice }) }'
    expect(await ask(await bench.load({ 'predict.ts': whole }), 3, 4)).toEqual([6, 8])
  })

  test('fails with its own words, file and line, and no path of this machine', async () => {
    const step = await bench.load(DOES)
    const error = await failureOf(ask(step, 4))
    expect(error).toMatchObject({
      code: 'internal',
      message:
        "predict failed: TypeError: Cannot read properties of undefined (reading 'score') (predict.ts, line 10, in predict)",
    })
    await expect.poll(() => bench.output.join('\n')).toMatch(/TypeError.*\n.*predict\.ts:10/)
    expect(bench.output.join('\n')).not.toMatch(/file:|slipway-code|src\//)
    expect(await ask(step, 20, 1)).toEqual([41, 3])
  })

  test('says what is wrong with an input, which is then the fault of the caller', async () => {
    const step = await bench.load(DOES)
    expect(await failureOf(ask(step, 5))).toMatchObject({ code: 'invalid_argument', message: 'x is 5' })
  })

  test.each([
    [9, /predict gave "z", and no "y"/],
    [10, /"y" as FP32; its signature has FP64/],
    [11, /"y" with 1 elements; its shape \[2\] holds 2/],
    [12, /predict gave a string; an object of tensors/],
  ])('that gives what it should not (%i) is told so', async (how, message) => {
    const error = await failureOf(ask(await bench.load(DOES), how))
    expect(error).toMatchObject({ code: 'internal', message })
  })

  test('that gives the model what it does not take is told what it takes', async () => {
    const wrong = doing(`return model({ x: { datatype: 'FP64', shape: [1], data: [1] } })`)
    const error = await failureOf(ask(await bench.load(wrong), 1))
    expect(error.message).toMatch(/predict failed: input "x" has the shape \[1\], the model takes \[-1,2\]/)
    expect(error.code).toBe('internal')
  })

  test('whose process ends fails that request alone, and is replaced', async () => {
    const step = await bench.load(DOES)
    const [before] = await ask(step, 8)
    expect(await failureOf(ask(step, 1))).toMatchObject({ code: 'internal', details: { reason: 'killed_worker' } })
    expect(await ask(step, 8)).not.toEqual([before])
    expect(bench.events.join('\n')).toMatch(/a process in TypeScript ended, starting another/)
  })

  test('that does not wait for what fails has its words, and no other request does', async () => {
    const step = await bench.load(DOES)
    const [before] = await ask(step, 8)
    expect(await failureOf(ask(step, 13))).toMatchObject({
      code: 'internal',
      message: /the code failed: Error: nobody waits/,
      details: { reason: 'code_failed' },
    })
    const [after] = await ask(step, 8)
    expect(after).not.toEqual(before)
    // one that comes behind the answer is heard of, and costs nobody anything
    for (let i = 0; i < 5; i++) expect(await ask(step, 14)).toEqual([14])
    expect(await ask(step, 8)).toEqual([after])
    await expect.poll(() => bench.output.join('\n')).toMatch(/nobody waited for this failure: Error: behind/)
  })

  test('that changes what all objects inherit leaves nothing there for other requests', async () => {
    const step = await bench.load(DOES)
    const [before] = await ask(step, 8)
    expect(await failureOf(ask(step, 15))).toMatchObject({ code: 'internal', message: /not extensible/ })
    expect(await ask(step, 16)).toEqual([0])
    expect(await ask(step, 8)).toEqual([before])
    // what our own part fails over, too, goes with the process at the next request
    for (const how of [17, 20]) expect(await failureOf(ask(step, how))).toMatchObject({ code: 'internal' })
    expect(await ask(step, 20)).toEqual([41, 1])
    expect(await ask(step, 8)).not.toEqual([before])
  })

  test('that throws what cannot be read fails as any other', async () => {
    const step = await bench.load(DOES)
    const [before] = await ask(step, 8)
    for (const how of [18, 19, 21])
      expect(await failureOf(ask(step, how))).toMatchObject({ code: 'internal', message: /^predict (failed|gave)/ })
    expect(await ask(step, 8)).toEqual([before])
  })

  test.each([[2], [3]])('that takes too long (%i) is ended, and the next request is answered', async (how) => {
    const step = await bench.load(DOES, { runTimeoutMs: 8000 })
    expect(await failureOf(ask(step, how))).toMatchObject({
      code: 'deadline_exceeded',
      message: /the code in TypeScript did not answer within 8000 ms/,
    })
    expect(await ask(step, 20)).toEqual([41, 1])
  })

  test.skipIf(!needs('linux'))('that holds more memory than it may is ended', async () => {
    const step = await bench.load(DOES, { memoryMiB: 400 })
    expect(await failureOf(ask(step, 6))).toMatchObject({ code: 'internal', details: { reason: 'killed_worker' } })
    expect(await ask(step, 20)).toEqual([41, 1])
  })

  test.skipIf(!needs('linux'))('whose process is killed from outside is replaced; none is left behind', async () => {
    const step = await bench.load(DOES, { workers: 2 })
    const [pid = 0] = await ask(step, 8)
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => bench.events.join('\n')).toMatch(/starting another/)
    expect(await ask(step, 20)).toEqual([41, 1])
    const late = failureOf(ask(step, 3))
    step.release()
    expect(await late).toMatchObject({ code: 'unavailable' })
    await expect.poll(livingProcesses, { timeout: 10_000 }).toEqual([])
  })

  test('that prints is heard, a little of it', async () => {
    const step = await bench.load(DOES)
    expect(await ask(step, 7)).toEqual([15, 1])
    await expect.poll(() => bench.output.length).toBeGreaterThan(10)
    expect(bench.output.length).toBeLessThan(200)
  })
})

describe('code in TypeScript reaches', () => {
  test('no files, processes, native code, network, nor what leads there', async () => {
    const lines = [
      `process.report.writeReport('/tmp/slipway-report')`,
      `process.report.getReport()`,
      `if (process.cwd() === '/') throw 1`,
      `process.kill(process.ppid, 0)`,
      `process.dlopen({ exports: {} }, '/nowhere.node')`,
      `process.getBuiltinModule('fs').readFileSync('/etc/passwd')`,
      `process.binding('fs')`,
      `await fetch('http://127.0.0.1:22')`,
      `readFileSync('../../etc/passwd')`,
      `readFileSync('/etc/passwd')`,
      `readFileSync('file:///dev/zero')`,
      `if (Object.keys(process.env).length === 0) throw 1`,
    ].map((line) => line.replaceAll('process.', '(process as any).'))
    const cases = lines.map((line, i) => `case ${i}: try { ${line} } catch { return answer(1) } return answer(0)`)
    process.env.SLIPWAY_TEST_SECRET = 'x'
    const step = await bench.load(
      doing(`switch (x[0]) { ${cases.join('\n')} }\nreturn answer(2)`, `import { readFileSync } from 'node:fs'`),
    )
    delete process.env.SLIPWAY_TEST_SECRET
    for (const [i, line] of lines.entries()) expect([line, ...(await ask(step, i))]).toEqual([line, 1])
    expect(await ask(step, lines.length)).toEqual([2])
  })

  test('no modules but its own, and those that compute', async () => {
    const modules: [string, RegExp][] = [
      ['node:child_process', /reaches beyond the code/],
      ['node:net', /reaches beyond the code/],
      ['worker_threads', /reaches beyond the code/],
      ['node:module', /reaches beyond the code/],
      ['node:process', /reaches beyond the code/],
      ['lodash', /is a package.*esbuild --bundle/],
      ['../other.ts', /is none of the scripts/],
      ['/etc/passwd', /is none of the scripts/],
      ['data:text/javascript,1', /is none of the scripts/],
      ['./words.txt', /is none of the scripts/],
    ]
    const names = JSON.stringify(modules.map(([name]) => name))
    const files = doing(`await import(${names}[x[0]] ?? 'node:crypto'); return answer(1)`)
    const step = await bench.load({ ...files, 'words.txt': 'x' })
    for (const [i, [name, message]] of modules.entries()) {
      const error = await failureOf(ask(step, i))
      expect(error.message).toMatch(message)
      expect(error.message).toContain(`"${name}", which predict.ts imports,`)
    }
    expect(await ask(step, modules.length)).toEqual([1])
    const top = await failureOf(bench.load({ 'predict.ts': `import 'node:net'\nexport const predict = 1` }))
    expect(top).toMatchObject({ code: 'refused', message: /which predict\.ts imports, reaches beyond the code/ })
  })
})

describe('code in TypeScript that cannot be loaded', () => {
  test.each([
    ['export function predict( {', /loading the code failed: SyntaxError/],
    ['enum A { B }\nexport const predict = () => A.B', /SyntaxError.*enum/],
    ['export const predict = 4', /exports "predict", which is no function/],
    ['export const other = () => 4', /exports none of the functions preprocess, predict and postprocess/],
    [
      '\nthrow new RangeError("not today")\nexport const predict = () => 1',
      /RangeError: not today \(predict\.ts, line 2\)/,
    ],
    [
      'export function load() { throw new Error("no weights") }\nexport const predict = () => 1',
      /load failed: Error: no weights \(predict\.ts, line 1, in load\)/,
    ],
    ['process.exit(3)', /died \(exit code 3\)/],
  ])('%j is refused with the reason', async (text, message) => {
    const error = await failureOf(bench.load({ 'predict.ts': text }))
    expect(['refused', 'internal']).toContain(error.code)
    expect(error.message).toMatch(message)
    expect(error.message).not.toMatch(/file:|slipway-code/)
  })

  test('it is refused when it does not load in time', async () => {
    const error = await failureOf(bench.load({ 'predict.ts': 'for (;;) {}' }, { startTimeoutMs: 2000 }))
    expect(error).toMatchObject({ code: 'deadline_exceeded', message: /did not load within 2000 ms/ })
  })
})

test('code in TypeScript says what it takes and gives, and brings rows', async () => {
  const said = await bench.describe(
    {
      'predict.ts': `export const signature = { inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }] }
export const example = { text: { datatype: 'BYTES', data: ['a', 'bcd'] } }
export const predict = ({ text }: any) => ({ length: { datatype: 'INT32', data: text.data.map((each: string) => each.length) } })`,
    },
    async ({ attempt, ...rest }) => ({ ...rest, given: await attempt(rest.example) }),
  )
  expect(said.functions).toEqual(['predict'])
  expect(said.signature).toEqual({ inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }] })
  expect(said.given.get('length')).toEqual({ datatype: 'INT32', shape: [2], data: Int32Array.of(1, 3) })
})
