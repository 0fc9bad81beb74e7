import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LoadedProgram } from '../engines/program.ts'
import { tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'
import type { OpenBundle } from '../bundle/open.ts'
import { choicesOf } from './choices.fixture.ts'
import { createLocalPlane, type LocalPlane, type LocalPlaneOptions } from './local-plane.ts'
import { versionName, type PredictContext, type ServedModel } from './plane.ts'
import { timesBundle, timesEngine, type TimesEngine } from './times-bundle.fixture.ts'

let engine: TimesEngine
let plane: LocalPlane
let time: number

function planeOf(options: Partial<LocalPlaneOptions> = {}): LocalPlane {
  return createLocalPlane({
    engines: [engine],
    choose: () => choicesOf(),
    timeoutMs: 1000,
    now: () => time,
    ...options,
  })
}

beforeEach(() => {
  time = 0
  engine = timesEngine()
  plane = planeOf()
})

afterEach(async () => {
  engine.gate = undefined
  await plane.close()
  expect(engine.released).toHaveLength(engine.loaded.length)
})

const X = new Map([['x', tensor('FP64', [1, 2], Float64Array.of(3, 4))]])

async function productOf(
  model: ServedModel,
  inputs: Tensors = X,
  context: PredictContext = {},
): Promise<number[] | Record<string, unknown>> {
  try {
    const { outputs } = await plane.predict(model, inputs, context)
    return Array.from(outputs.get('product')?.data as Float64Array)
  } catch (error) {
    return error as Record<string, unknown>
  }
}

/** A gate that the engine waits at before it answers. */
function closedGate(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  engine.gate = promise
  return resolve
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Whether a promise is still open after some turns of the event loop. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let open = true
  void promise.finally(() => (open = false))
  for (let i = 0; i < 5; i++) await turn()
  return open
}

describe('loading', () => {
  test('makes a model that answers under its name, with its facts', async () => {
    const bundle = timesBundle()
    const model = await plane.load(bundle)
    expect(model).toEqual({
      name: 'times',
      version: bundle.digest,
      signature: bundle.manifest.signature,
      example: new Map([['x', tensor('FP64', [1, 2], Float64Array.of(1, 2))]]),
      engines: ['times'],
      batching: { rowsAreIndependent: true, reason: 'a row at a time' },
      labels: [],
      choices: choicesOf(),
      state: 'ready',
    })
    expect(plane.models()).toEqual([model])
    expect(await productOf(model)).toEqual([6, 8])
  })

  test('may give the model another name', async () => {
    await plane.load(timesBundle(), { name: 'other' })
    expect(plane.model('other').name).toBe('other')
    expect(() => plane.model('times')).toThrow('Request for unknown model: "times"; there is "other"')
  })

  test('lists models by name, in whatever order they came', async () => {
    for (const name of ['b', 'c', 'a']) await plane.load(timesBundle(), { name })
    expect(plane.models().map((model) => model.name)).toEqual(['a', 'b', 'c'])
  })

  test('replays the recorded rows, and refuses a model whose answers changed', async () => {
    await expect(plane.load(timesBundle({ factor: 3, recordedFactor: 2 }))).rejects.toMatchObject({
      code: 'refused',
      details: { reason: 'golden_rows', output: 'product' },
    })
    expect(engine.released).toEqual([3])
    expect(plane.models()).toEqual([])
  })

  test('refuses a bundle whose program names a file that is not there, or whose example is damaged', async () => {
    const bundle = timesBundle()
    await expect(plane.load({ ...bundle, files: new Map() })).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('"model.onnx", which is not in the bundle') as string,
    })
    const example = { x: { datatype: 'FP64' as const, shape: [1, 2], data: [1] } }
    await expect(plane.load({ ...bundle, manifest: { ...bundle.manifest, example } })).rejects.toMatchObject({
      code: 'refused',
    })
    expect(engine.released).toEqual(engine.loaded)
    expect(plane.models()).toEqual([])
  })
})

/** Loads a version in place of another, as a reload does. */
async function replace(old: ServedModel, bundle: OpenBundle): Promise<ServedModel> {
  const made = await plane.load(bundle)
  await plane.unload(old.name, old.version)
  return made
}

describe('replacing a version', () => {
  test('swaps when the new one is ready, and frees the old one', async () => {
    const old = await plane.load(timesBundle({ factor: 2 }))
    const made = await replace(old, timesBundle({ factor: 5 }))
    expect(made.version).not.toBe(old.version)
    expect(plane.models()).toEqual([made])
    expect(await productOf(plane.model('times'))).toEqual([15, 20])
    expect(engine.released).toEqual([2])
  })

  test('keeps the old one answering until the new one is ready, and then lets it finish', async () => {
    const old = await plane.load(timesBundle({ factor: 2 }))
    const answered = closedGate()
    const loading = replace(old, timesBundle({ factor: 5 }))
    const waiting = productOf(plane.model('times'))
    expect(plane.model('times')).toBe(old)
    expect(await isOpen(loading)).toBe(true)
    answered()
    expect(await waiting).toEqual([6, 8])
    expect((await loading).version).toBe(plane.model('times').version)
    expect(engine.released).toEqual([2])
  })

  test('does not free the old one while it runs, though its callers have gone', async () => {
    const old = await plane.load(timesBundle({ factor: 2 }))
    const answered = closedGate()
    const waiting = productOf(old, X, { timeoutMs: 1 })
    await turn()
    engine.gate = undefined
    time = 100
    expect(await waiting).toMatchObject({ code: 'deadline_exceeded' })
    const loading = replace(old, timesBundle({ factor: 5 }))
    expect(await isOpen(loading)).toBe(true)
    expect(engine.released).toEqual([])
    answered()
    await loading
    expect(engine.released).toEqual([2])
  })

  test.each([
    ['is refused', { factor: -1 }],
    ['answers otherwise than recorded', { factor: 5, recordedFactor: 4 }],
  ])('that %s leaves the old one answering', async (_what, options) => {
    const old = await plane.load(timesBundle())
    await expect(replace(old, timesBundle(options))).rejects.toMatchObject({ code: 'refused' })
    expect(plane.model('times')).toBe(old)
    expect(await productOf(old)).toEqual([6, 8])
  })

  test('makes requests for the replaced one unavailable', async () => {
    const old = await plane.load(timesBundle({ factor: 2 }))
    await replace(old, timesBundle({ factor: 5 }))
    expect(await productOf(old)).toMatchObject({
      code: 'unavailable',
      message: `version "${versionName(old)}" of "times" was taken out meanwhile: try again`,
    })
  })
})

describe('versions side by side', () => {
  test('answer each by its digest and its labels; the default answers when none is named', async () => {
    const one = await plane.load(timesBundle({ factor: 2 }), { labels: ['1', 'stable'] })
    const two = await plane.load(timesBundle({ factor: 5 }), { labels: ['2'], isDefault: false })
    expect(plane.model('times')).toBe(one)
    expect(plane.models()).toEqual([one, two])
    expect(await productOf(plane.model('times', '2'))).toEqual([15, 20])
    expect(await productOf(plane.model('times', 'stable'))).toEqual([6, 8])
    expect(await productOf(plane.model('times', two.version))).toEqual([15, 20])
    expect(() => plane.model('times', '3')).toThrow(
      `model "times" has no version "3"; it has "${versionName(one)} or 1 or stable", "${versionName(two)} or 2"`,
    )
  })

  test('get labels and become the default without being loaded again', async () => {
    const bundle = timesBundle({ factor: 5 })
    await plane.load(timesBundle({ factor: 2 }), { labels: ['1'] })
    await plane.load(bundle, { labels: ['2'], isDefault: false })
    await plane.load(bundle, { labels: ['2', 'stable'], isDefault: true })
    expect(engine.loaded).toEqual([2, 5])
    expect(await productOf(plane.model('times'))).toEqual([15, 20])
    expect(await productOf(plane.model('times', 'stable'))).toEqual([15, 20])
    expect(await productOf(plane.model('times', '1'))).toEqual([6, 8])
  })

  test('that are loaded twice at once are one', async () => {
    const bundle = timesBundle()
    await Promise.all([plane.load(bundle), plane.load(bundle)])
    expect(plane.models()).toHaveLength(1)
    await plane.close()
    expect(engine.released).toHaveLength(engine.loaded.length)
  })

  test('are taken out one by one, the default last of all giving its place away', async () => {
    const one = await plane.load(timesBundle({ factor: 2 }))
    const two = await plane.load(timesBundle({ factor: 5 }))
    await plane.unload('times', two.version)
    expect(plane.models()).toEqual([one])
    await plane.unload('times', one.version)
    expect(plane.models()).toEqual([])
    expect(() => plane.model('times')).toThrow('there are none')
  })
})

describe('a version that starts quickly', () => {
  const quick = { choices: choicesOf({ start: 'quick' }) }

  test('answers on the graph as it is, and on the optimised one when that is ready', async () => {
    const swapped: unknown[] = []
    plane = planeOf({ onSwapped: ({ name }, error) => swapped.push([name, error]) })
    const model = await plane.load(timesBundle(), quick)
    expect(await productOf(model)).toEqual([6, 8])
    while (engine.released.length === 0) await turn()
    expect(swapped).toEqual([['times', undefined]])
    expect(engine.asked).toMatchObject([{ isQuick: true }, { isBackground: true }])
    expect(engine.asked[1]?.isQuick).not.toBe(true)
    expect(await productOf(model)).toEqual([6, 8])
  })

  test('stays on the quick graph when the other will not do, and says so', async () => {
    const failures: unknown[] = []
    plane = planeOf({ onSwapped: (failed, error) => failures.push([failed.name, error?.code]) })
    engine.refuseFrom = 1
    const model = await plane.load(timesBundle(), quick)
    while (failures.length === 0) await turn()
    expect(failures).toEqual([['times', 'refused']])
    expect(await productOf(model)).toEqual([6, 8])
  })

  test('leaves nothing loaded when it is taken out before the change', async () => {
    await plane.load(timesBundle(), quick)
    await plane.unload('times')
    for (let i = 0; i < 5; i++) await turn()
    expect(engine.released).toEqual([2, 2])
  })
})

test('a plan that the engine cannot follow is not taken', async () => {
  const model = await plane.load(timesBundle(), { choices: choicesOf({ plan: 'off-loop', concurrency: 4 }) })
  expect(model.choices.plan).toEqual({ value: 'in-tick', reason: 'the engine computes in the calling tick only' })
  expect(model.choices.concurrency.value).toBe(1)
})

test('a version may run elsewhere: its program is asked, and released with it', async () => {
  let isReleased = false
  const program: LoadedProgram = {
    engines: ['elsewhere'],
    canRunOffLoop: true,
    run: async (inputs) => new Map([['product', inputs.get('x') as Tensor]]),
    release: () => (isReleased = true),
  }
  const model = await plane.load(timesBundle(), { program })
  expect(model.engines).toEqual(['elsewhere'])
  expect(engine.loaded).toEqual([])
  expect(await productOf(model, X, { outputs: ['product'] })).toEqual([3, 4])
  await plane.unload('times')
  expect(isReleased).toBe(true)
})

test('gauges tell what waits and runs', async () => {
  const model = await plane.load(timesBundle())
  const answered = closedGate()
  const waiting = [productOf(model), productOf(model)]
  expect(plane.gauges()).toEqual([{ model, queuedRows: 2, running: 0, inFlight: 2 }])
  await turn()
  expect(plane.gauges()).toEqual([{ model, queuedRows: 0, running: 1, inFlight: 2 }])
  answered()
  await Promise.all(waiting)
  await turn()
  expect(plane.gauges()).toEqual([{ model, queuedRows: 0, running: 0, inFlight: 0 }])
})

test('the longest run is told of that computes here; one elsewhere is bounded there', async () => {
  const model = await plane.load(timesBundle())
  const answered = closedGate()
  const waiting = productOf(model)
  await turn()
  time = 700
  expect(plane.longestRunMs()).toBe(700)
  answered()
  await waiting
  await turn()
  expect(plane.longestRunMs()).toBe(0)
  const forever: LoadedProgram = {
    engines: ['elsewhere'],
    canRunOffLoop: true,
    run: () => new Promise(() => {}),
    release: () => {},
  }
  const other = planeOf()
  const there = await other.load(timesBundle(), { program: forever })
  void other.predict(there, X, {})
  await turn()
  time = 1400
  expect([other.gauges()[0]?.running, other.longestRunMs()]).toEqual([1, 0])
})

describe('unloading', () => {
  test('waits for what is in flight, takes nothing new and frees the engine', async () => {
    const model = await plane.load(timesBundle())
    const answered = closedGate()
    const waiting = [productOf(model), productOf(model)]
    const unloading = plane.unload('times')
    expect(plane.models()).toEqual([])
    expect(await productOf(model)).toMatchObject({ code: 'unavailable' })
    expect(await isOpen(unloading)).toBe(true)
    expect(engine.released).toEqual([])
    answered()
    expect(await Promise.all(waiting)).toEqual([
      [6, 8],
      [6, 8],
    ])
    await unloading
    expect(engine.released).toEqual([2])
  })

  test('of what is not there is refused', async () => {
    await expect(plane.unload('times')).rejects.toMatchObject({ code: 'not_found' })
    await plane.load(timesBundle())
    await plane.unload('times')
    await expect(plane.unload('times')).rejects.toMatchObject({
      code: 'not_found',
      message: 'Request for unknown model: "times"; there are none',
    })
  })

  test('of everything is what closing does', async () => {
    await plane.load(timesBundle({ factor: 2 }), { name: 'a' })
    await plane.load(timesBundle({ factor: 3 }), { name: 'b' })
    plane.setReady(true)
    const waiting = productOf(plane.model('b'))
    const closing = plane.close()
    expect(plane.isReady()).toBe(false)
    expect(await waiting).toEqual([9, 12])
    await closing
    expect(plane.models()).toEqual([])
    expect(new Set(engine.released)).toEqual(new Set([2, 3]))
  })
})

describe('finding a model', () => {
  test('without a name means the only one, or the one that was named as the default', async () => {
    expect(() => plane.model()).toThrow(expect.objectContaining({ code: 'not_found', message: 'no model is loaded' }))
    const a = await plane.load(timesBundle(), { name: 'a' })
    expect(plane.model()).toBe(a)
    await plane.load(timesBundle(), { name: 'b' })
    expect(() => plane.model()).toThrow('the request names no model, and there is "a", "b"')
    const other = planeOf({ defaultModel: 'b' })
    await other.load(timesBundle(), { name: 'a' })
    expect(() => other.model()).toThrow(expect.objectContaining({ code: 'not_found' }))
    const b = await other.load(timesBundle(), { name: 'b' })
    expect(other.model()).toBe(b)
    await other.close()
  })

  test.each(['__proto__', 'constructor', 'TIMES', '', '..', 'a\u0000'])('called %j finds none', async (name) => {
    await plane.load(timesBundle())
    expect(() => plane.model(name)).toThrow(expect.objectContaining({ code: 'not_found' }))
  })

  test('takes a version by its digest, or by twelve of its digits or more', async () => {
    const model = await plane.load(timesBundle())
    for (const length of [12, 13, 40, 64]) expect(plane.model('times', model.version.slice(0, length))).toBe(model)
    expect(plane.model(undefined, versionName(model))).toBe(model)
    const other = model.version.startsWith('0') ? '1'.repeat(12) : '0'.repeat(12)
    for (const version of ['', '1', model.version.slice(0, 11), model.version.slice(1), `${model.version}0`, other])
      expect(() => plane.model('times', version)).toThrow(
        expect.objectContaining({
          code: 'not_found',
          message: expect.stringMatching(/^model "times" has no version "/) as string,
        }),
      )
  })
})

describe('predicting', () => {
  let model: ServedModel
  beforeEach(async () => {
    model = await plane.load(timesBundle())
  })

  test('gives the outputs of the signature, or those asked for, in the order asked for', async () => {
    const namesFor = async (outputs?: readonly string[]): Promise<string[]> => {
      const context = outputs === undefined ? {} : { outputs }
      return [...(await plane.predict(model, X, context)).outputs.keys()]
    }
    expect(await namesFor()).toEqual(['product', 'rows'])
    expect(await namesFor([])).toEqual(['product', 'rows'])
    expect(await namesFor(['rows', 'product'])).toEqual(['rows', 'product'])
    expect(await namesFor(['rows'])).toEqual(['rows'])
    expect(await namesFor(['rows'])).toEqual(['rows'])
  })

  test('refuses outputs that are unknown or named twice, also after others that read alike', async () => {
    await plane.predict(model, X, { outputs: ['product', 'rows'] })
    for (const outputs of [['ghost'], ['product', 'product'], ['product\nrows'], ['product,rows'], ['product","rows']])
      await expect(plane.predict(model, X, { outputs })).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  test('takes numbers of another datatype where nothing is lost, and checks all else', async () => {
    const whole = new Map([['x', tensor('INT64', [1, 2], BigInt64Array.of(3n, 4n))]])
    expect(await productOf(model, whole)).toEqual([6, 8])
    for (const [inputs, message] of [
      [new Map<string, Tensor>(), 'input "x" is missing'],
      [new Map([['x', tensor('FP64', [2], Float64Array.of(1, 2))]]), 'has the shape [2], the model takes [-1,2]'],
      [new Map([...X, ['y', tensor('FP64', [0], new Float64Array())]]), 'input "y" is unknown'],
      [new Map([['x', tensor('INT64', [1, 2], BigInt64Array.of(2n ** 60n + 1n, 0n))]]), 'would change its value'],
    ] as const)
      expect(await productOf(model, inputs)).toMatchObject({
        code: 'invalid_argument',
        message: expect.stringContaining(message) as string,
      })
  })

  test('runs rows of the same tick together, and takes requests of no rows', async () => {
    const none = new Map([['x', tensor('FP64', [0, 2], new Float64Array(0))]])
    const answers = await Promise.all([X, none, X].map((inputs) => plane.predict(model, inputs, {})))
    expect(answers.map(({ outputs }) => outputs.get('rows')?.data)).toEqual([
      BigInt64Array.of(2n),
      new BigInt64Array(0),
      BigInt64Array.of(2n),
    ])
  })

  test('does not run rows together that depend on each other', async () => {
    const alone = await plane.load(timesBundle({ rowsAreIndependent: false }), { name: 'alone' })
    const answers = await Promise.all([X, X].map((inputs) => plane.predict(alone, inputs, {})))
    expect(answers.map(({ outputs }) => outputs.get('rows')?.data)).toEqual([
      BigInt64Array.of(1n),
      BigInt64Array.of(1n),
    ])
  })

  test('fails the request alone on which the model failed', async () => {
    const poison = new Map([['x', tensor('FP64', [1, 2], Float64Array.of(-1, 0))]])
    const answers = await Promise.all([productOf(model), productOf(model, poison), productOf(model)])
    expect([answers[0], answers[2]]).toEqual([
      [6, 8],
      [6, 8],
    ])
    expect(answers[1]).toBeInstanceOf(Error)
  })

  test('refuses with overloaded once too many rows wait, and counts the refused no longer', async () => {
    const five = new Map([['x', tensor('FP64', [5, 2], new Float64Array(10))]])
    const answers = await Promise.all([productOf(model, five), productOf(model, five)])
    expect(answers).toMatchObject([Array.from({ length: 10 }, () => 0), { code: 'overloaded' }])
    await plane.unload('times')
  })

  test('ends at the deadline of the caller, or at the own one when that is sooner', async () => {
    const answered = closedGate()
    const short = productOf(model, X, { timeoutMs: 50 })
    const long = productOf(model, X, { timeoutMs: 60_000 })
    const none = productOf(model, X)
    await turn()
    time = 60
    expect(await short).toMatchObject({ code: 'deadline_exceeded' })
    expect(await isOpen(long)).toBe(true)
    time = 1010
    expect(await long).toMatchObject({ code: 'deadline_exceeded' })
    expect(await none).toMatchObject({ code: 'deadline_exceeded' })
    answered()
  })

  test('is cancelled when the caller has gone before its turn', async () => {
    expect(await productOf(model, X, { call: { aborted: true } })).toMatchObject({ code: 'cancelled' })
  })
})

test('inputs of unlike numbers of rows are refused', async () => {
  const bundle = timesBundle()
  const [x] = bundle.manifest.signature.inputs
  if (x === undefined) throw new Error('the fixture has no input; this is a bug')
  const signature = { ...bundle.manifest.signature, inputs: [x, { ...x, name: 'z' }] }
  const model = await plane.load({ ...bundle, manifest: { ...bundle.manifest, signature } })
  const inputs = new Map([...X, ['z', tensor('FP64', [2, 2], new Float64Array(4))]])
  expect(await productOf(model, inputs)).toMatchObject({
    code: 'invalid_argument',
    message: 'input "z" has 2 rows, the inputs before it 1',
  })
})

test('a plane is ready when it is told so', () => {
  expect(plane.isReady()).toBe(false)
  plane.setReady(true)
  expect(plane.isReady()).toBe(true)
})
