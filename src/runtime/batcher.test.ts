import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { tensor, type Tensor, type Tensors } from '../tensor/tensor.ts'
import { createBatcher, type Batcher, type BatcherOptions } from './batcher.ts'
import type { Submission } from './batching.ts'
import { choicesOf } from './choices.fixture.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import type { Call, ServedModel } from './plane.ts'
import { createQueueMemory } from './queue-memory.ts'
import { createRunCost } from './run-cost.ts'

/** Deadlines that a test lets pass. */
interface ManualDeadlines extends Deadlines {
  readonly watched: number
  passUpTo(timeMs: number): void
}

function manualDeadlines(): ManualDeadlines {
  const watched = new Set<Deadline>()
  return {
    watch: (deadline) => void watched.add(deadline),
    unwatch: (deadline) => void watched.delete(deadline),
    close: () => watched.clear(),
    get watched() {
      return watched.size
    },
    passUpTo(timeMs) {
      for (const deadline of watched)
        if (deadline.deadlineMs <= timeMs) {
          watched.delete(deadline)
          deadline.expire()
        }
    },
  }
}

let time = 0
let deadlines = manualDeadlines()
/** The rows of each run, in order. */
let runs: number[][] = []

beforeEach(() => {
  time = 0
  deadlines = manualDeadlines()
  runs = []
})

const Y = ['y']

const MODEL: ServedModel = {
  name: 'tenfold',
  version: '0'.repeat(64),
  signature: { inputs: [], outputs: [] },
  example: new Map(),
  engines: [],
  batching: { rowsAreIndependent: true, reason: '' },
  labels: [],
  choices: choicesOf(),
  state: 'ready',
}

function column(name: string, values: readonly number[], width = 1): Tensors {
  return new Map([[name, tensor('FP64', [values.length / width, width], Float64Array.from(values))]])
}

function numbersOf(outputs: Tensors, name = 'y'): number[] {
  return Array.from(outputs.get(name)?.data as Float64Array)
}

/** A model that gives each row's sum, tenfold, and notes what it was given. */
function tenfold(inputs: Tensors, wanted: readonly string[]): Tensors {
  const x = inputs.get('x') as Tensor
  const [rows = 0, width = 1] = x.shape
  const values = Array.from(x.data as Float64Array)
  runs.push(values)
  const sums = Array.from({ length: rows }, (_, row) =>
    values.slice(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
  )
  return new Map(
    wanted.map((name) => [
      name,
      tensor(
        'FP64',
        [rows],
        Float64Array.from(sums, (sum) => sum * 10),
      ),
    ]),
  )
}

function batcherOf(options: Partial<BatcherOptions> = {}): Batcher {
  return createBatcher({
    run: tenfold,
    rowsAreIndependent: true,
    maxBatchRows: 8,
    maxQueueRows: 100,
    place: 'in-tick',
    concurrency: 1,
    preferredRows: [],
    windowMs: 0,
    maxQueueDelayMs: Infinity,
    cost: createRunCost(),
    model: () => MODEL,
    deadlines,
    memory: createQueueMemory(2 ** 30),
    now: () => time,
    ...options,
  })
}

function submission(values: readonly number[], more: Partial<Submission> = {}): Submission {
  return {
    inputs: column('x', values),
    rows: values.length,
    wanted: Y,
    deadlineMs: 1000,
    priority: 2,
    call: undefined,
    ...more,
  }
}

/** Submits rows of one column; the promise is of their numbers, or of the error. */
async function ask(batcher: Batcher, values: readonly number[], more: Partial<Submission> = {}): Promise<unknown> {
  try {
    const given = submission(values, more)
    return numbersOf(await batcher.submit(given), given.wanted[0])
  } catch (error) {
    return error
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Long enough for the batcher to hand out answers and to begin its next run. */
async function turns(): Promise<void> {
  await turn()
  await turn()
}

/** A model whose answers a test gives when it likes. */
function heldModel() {
  const held: { inputs: Tensors; answer: () => void; fail: (error: unknown) => void }[] = []
  const run: BatcherOptions['run'] = (inputs, wanted) =>
    new Promise((resolve, reject) => {
      const outputs = tenfold(inputs, wanted)
      held.push({ inputs, answer: () => resolve(outputs), fail: reject })
    })
  return { run, held }
}

describe('an idle engine', () => {
  test('runs at the end of the tick, with all that came in it', async () => {
    const batcher = batcherOf()
    const first = ask(batcher, [1])
    const second = ask(batcher, [2, 3])
    expect(runs).toEqual([])
    expect(batcher.queuedRows).toBe(3)
    await turn()
    expect(runs).toEqual([[1, 2, 3]])
    expect(await first).toEqual([10])
    expect(await second).toEqual([20, 30])
    expect(batcher.queuedRows).toBe(0)
    expect(deadlines.watched).toBe(0)
  })

  test('runs what comes in a later tick by itself', async () => {
    const batcher = batcherOf()
    expect(await ask(batcher, [1])).toEqual([10])
    expect(await ask(batcher, [2])).toEqual([20])
    expect(runs).toEqual([[1], [2]])
  })

  test('gives a lone request the very tensors of the model, and the model the very tensors of the request', async () => {
    const outputs = new Map([['y', tensor('FP64', [1], Float64Array.of(7))]])
    const given: Tensors[] = []
    const batcher = batcherOf({ run: (inputs) => (given.push(inputs), outputs) })
    const alone = submission([1])
    expect(await batcher.submit(alone)).toBe(outputs)
    expect(given).toEqual([alone.inputs])
    expect(given[0]).toBe(alone.inputs)
  })
})

describe('a batch', () => {
  test('has the rows in the order in which they came, up to the most', async () => {
    const batcher = batcherOf({ maxBatchRows: 4 })
    const answers = [[1], [2, 3], [4], [5], [6, 7]].map((values) => ask(batcher, values))
    expect(await Promise.all(answers)).toEqual([[10], [20, 30], [40], [50], [60, 70]])
    expect(runs).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7],
    ])
  })

  test('lets a later request in that still fits, and takes the one that did not first thing afterwards', async () => {
    const batcher = batcherOf({ maxBatchRows: 4 })
    const answers = [[1, 2, 3], [4, 5, 6], [7], [8]].map((values) => ask(batcher, values))
    await Promise.all(answers)
    expect(runs).toEqual([
      [1, 2, 3, 7],
      [4, 5, 6, 8],
    ])
  })

  test('that one request overfills runs alone', async () => {
    const batcher = batcherOf({ maxBatchRows: 2 })
    const answers = [[1, 2, 3], [4]].map((values) => ask(batcher, values))
    expect(await Promise.all(answers)).toEqual([[10, 20, 30], [40]])
    expect(runs).toEqual([[1, 2, 3], [4]])
  })

  test('is one request where rows depend on each other', async () => {
    const batcher = batcherOf({ rowsAreIndependent: false })
    expect(await Promise.all([ask(batcher, [1]), ask(batcher, [2, 3])])).toEqual([[10], [20, 30]])
    expect(runs).toEqual([[1], [2, 3]])
  })

  test('has no rows of unlike shapes', async () => {
    const batcher = batcherOf()
    const wide = { inputs: column('x', [4, 5], 2), rows: 1 }
    const answers = [ask(batcher, [1]), ask(batcher, [], wide), ask(batcher, [2])]
    expect(await Promise.all(answers)).toEqual([[10], [90], [20]])
    expect(runs).toEqual([
      [1, 2],
      [4, 5],
    ])
  })

  test('tells inputs apart by name, in whatever order they came', async () => {
    const seen: Record<string, readonly number[]>[] = []
    const batcher = batcherOf({
      run(inputs) {
        seen.push(Object.fromEntries([...inputs].map(([name, value]) => [name, value.shape])))
        for (const value of inputs.values())
          expect(value.data).toHaveLength((value.shape[0] ?? 0) * (value.shape[1] ?? 0))
        const rows = inputs.get('x')?.shape[0] ?? 0
        return new Map([['y', tensor('FP64', [rows], new Float64Array(rows))]])
      },
    })
    const of = (x: number, z: number, isTurned = false): Tensors => {
      const both = [...column('x', Array(x).fill(1), x), ...column('z', Array(z).fill(1), z)]
      return new Map(isTurned ? both.toReversed() : both)
    }
    const inputs = [of(2, 3), of(3, 2, true), of(2, 3, true)]
    await Promise.all(inputs.map((each) => ask(batcher, [1], { inputs: each })))
    expect(seen).toEqual([
      { x: [2, 2], z: [2, 3] },
      { z: [1, 2], x: [1, 3] },
    ])
  })

  test('has no requests for unlike outputs, whatever these are called', async () => {
    const batcher = batcherOf()
    const wanted = [['a', 'b'], ['a\nb'], ['a;1'], ['a']]
    const answers = wanted.map((each, i) => ask(batcher, [i + 1], { wanted: each }))
    expect(await Promise.all(answers)).toEqual([[10], [20], [30], [40]])
    expect(runs).toHaveLength(4)
  })

  test('may have requests of no rows', async () => {
    const batcher = batcherOf()
    const none: Partial<Submission> = { inputs: column('x', []), rows: 0 }
    const answers = [ask(batcher, [], none), ask(batcher, [1]), ask(batcher, [], none)]
    expect(await Promise.all(answers)).toEqual([[], [10], []])
    expect(runs).toEqual([[1]])
  })

  test('gives every caller its own rows, whatever came together', async () => {
    const requests = fc.array(fc.array(fc.integer({ min: 1, max: 1e6 }), { maxLength: 5 }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(requests, fc.integer({ min: 1, max: 9 }), fc.boolean(), async (all, maxBatchRows, isAsync) => {
        runs = []
        const run: BatcherOptions['run'] = (inputs, wanted) =>
          isAsync ? turn().then(() => tenfold(inputs, wanted)) : tenfold(inputs, wanted)
        const batcher = batcherOf({ run, maxBatchRows, maxQueueRows: 1000 })
        const answers = await Promise.all(all.map((values) => ask(batcher, values)))
        expect(answers).toEqual(all.map((values) => values.map((value) => value * 10)))
        expect(batcher.queuedRows).toBe(0)
        for (const values of runs)
          expect(values.length <= maxBatchRows || all.some((one) => one.length === values.length)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a busy engine', () => {
  test('runs one batch at a time, and then together what came meanwhile', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run })
    const first = ask(batcher, [1])
    await turn()
    const second = ask(batcher, [2])
    await turn()
    const third = ask(batcher, [3])
    await turn()
    expect(runs).toEqual([[1]])
    held[0]?.answer()
    expect(await first).toEqual([10])
    await turns()
    expect(runs).toEqual([[1], [2, 3]])
    held[1]?.answer()
    expect(await Promise.all([second, third])).toEqual([[20], [30]])
  })

  test('lets the event loop turn between batches', async () => {
    const order: string[] = []
    const batcher = batcherOf({
      maxBatchRows: 1,
      run(inputs, wanted) {
        order.push('run')
        return tenfold(inputs, wanted)
      },
    })
    const both = [ask(batcher, [1]), ask(batcher, [2])]
    setImmediate(() => void order.push('socket'))
    await Promise.all(both)
    expect(order).toEqual(['run', 'socket', 'run'])
  })
})

describe('a full queue', () => {
  test('refuses work with overloaded, and what was taken is answered', async () => {
    const batcher = batcherOf({ maxQueueRows: 3 })
    const taken = [ask(batcher, [1]), ask(batcher, [2, 3])]
    expect(await ask(batcher, [4])).toMatchObject({
      code: 'overloaded',
      message: '3 rows are waiting, the most is 3: try again later',
      details: { reason: 'queue_full', queuedRows: 3, maxQueueRows: 3, retryAfterMs: 0 },
    })
    expect(await Promise.all(taken)).toEqual([[10], [20, 30]])
    expect(await ask(batcher, [4])).toEqual([40])
  })

  test('that is empty takes a request of any size', async () => {
    const batcher = batcherOf({ maxQueueRows: 1 })
    expect(await ask(batcher, [1, 2, 3])).toEqual([10, 20, 30])
  })

  test('is full of requests that have no rows, too', async () => {
    const batcher = batcherOf({ maxQueueRows: 3 })
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(batcher, [])))
    expect(answers.map((answer) => (answer instanceof ServingError ? answer.code : answer))).toEqual([
      [],
      [],
      [],
      'overloaded',
      'overloaded',
    ])
  })

  test('is full of bytes, too, whatever the rows, and has room again when these have left', async () => {
    const memory = createQueueMemory(32)
    const batcher = batcherOf({ memory, maxBatchRows: 1 })
    const other = batcherOf({ memory })
    const taken = [ask(batcher, [1, 2, 3]), ask(other, [4])]
    expect(await ask(batcher, [5])).toMatchObject({
      code: 'overloaded',
      message: 'inputs of 32 B are waiting, the most is 32 B: try again later',
      details: { reason: 'queue_memory_full', queuedBytes: 32, maxQueueBytes: 32 },
    })
    expect(await Promise.all(taken)).toEqual([[10, 20, 30], [40]])
    expect(memory.bytes).toBe(0)
    expect(await ask(batcher, [5])).toEqual([50])
  })

  test('of bytes takes whoever finds nobody waiting, and has the less urgent give way', async () => {
    const memory = createQueueMemory(16)
    const batcher = batcherOf({ memory })
    const low = [ask(batcher, [1], { priority: 3 }), ask(batcher, [2], { priority: 3 })]
    const high = ask(batcher, [3], { priority: 1 })
    expect(await low[1]).toMatchObject({ code: 'overloaded', details: { reason: 'queue_memory_full' } })
    expect(await Promise.all([low[0], high, ask(batcherOf({ memory }), [4, 5, 6])])).toEqual([[10], [30], [40, 50, 60]])
    expect(memory.bytes).toBe(0)
  })

  test('has room again when a deadline passes, before the engine is done', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run, maxQueueRows: 2 })
    const running = ask(batcher, [1])
    await turn()
    const late = ask(batcher, [2, 3], { deadlineMs: 50 })
    expect(await ask(batcher, [4])).toMatchObject({ code: 'overloaded' })
    time = 60
    deadlines.passUpTo(time)
    expect(await late).toMatchObject({ code: 'deadline_exceeded' })
    expect(batcher.queuedRows).toBe(0)
    const next = ask(batcher, [4])
    held[0]?.answer()
    await turns()
    held[1]?.answer()
    expect(await Promise.all([running, next])).toEqual([[10], [40]])
    expect(runs).toEqual([[1], [4]])
    expect(batcher.queuedRows).toBe(0)
  })
})

describe('a batch that fails', () => {
  const picky = (inputs: Tensors, wanted: readonly string[]): Tensors => {
    const outputs = tenfold(inputs, wanted)
    if (numbersOf(inputs, 'x').some((value) => value < 0)) throw new ServingError('internal', 'a negative row')
    return outputs
  }
  const kinds: [string, BatcherOptions['run']][] = [
    ['by throwing', picky],
    ['by a rejection', (inputs, wanted) => turn().then(() => picky(inputs, wanted))],
  ]

  test.each(kinds)('%s is split until only the guilty fail', async (_how, run) => {
    const batcher = batcherOf({ run })
    const answers = [[1], [-2], [3], [4], [-5]].map((values) => ask(batcher, values))
    const failed = { code: 'internal', message: 'a negative row' }
    expect(await Promise.all(answers)).toMatchObject([[10], failed, [30], [40], failed])
    expect(runs[0]).toEqual([1, -2, 3, 4, -5])
    expect(deadlines.watched).toBe(0)
    expect(await ask(batcher, [6])).toEqual([60])
  })

  test.each(kinds)('%s leaves the queue behind it alone', async (_how, run) => {
    const batcher = batcherOf({ run, maxBatchRows: 2 })
    const answers = [[-1], [-2], [3], [4]].map((values) => ask(batcher, values))
    expect(await Promise.all(answers)).toMatchObject([{ code: 'internal' }, { code: 'internal' }, [30], [40]])
  })

  test('hands the caller what was thrown, whatever it was', async () => {
    const batcher = batcherOf({
      run() {
        // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error
        throw 'text'
      },
    })
    await expect(batcher.submit(submission([1]))).rejects.toBe('text')
  })

  test.each([
    ['too few rows', [1]],
    ['too many rows', [3]],
    ['a scalar', []],
  ])('because the model gives %s runs its requests alone', async (_what, shape) => {
    const sizes: number[] = []
    const batcher = batcherOf({
      run(inputs) {
        const [rows = 0] = inputs.get('x')?.shape ?? []
        sizes.push(rows)
        const wrong = rows === 1 ? [1] : shape
        return new Map([['y', tensor('FP64', wrong, new Float64Array(wrong[0] ?? 1).fill(sizes.length))]])
      },
    })
    expect(await Promise.all([ask(batcher, [1]), ask(batcher, [2])])).toEqual([[2], [3]])
    expect(sizes).toEqual([2, 1, 1])
  })
})

describe('a caller', () => {
  test('that has gone is dropped before the run', async () => {
    const batcher = batcherOf()
    const call = { aborted: false }
    const gone = ask(batcher, [1], { call })
    const other = ask(batcher, [2])
    call.aborted = true
    expect(await gone).toMatchObject({ code: 'cancelled' })
    expect(await other).toEqual([20])
    expect(runs).toEqual([[2]])
    expect(deadlines.watched).toBe(0)
  })

  test('that is late is dropped before the run', async () => {
    const batcher = batcherOf()
    const late = ask(batcher, [1], { deadlineMs: 5 })
    const other = ask(batcher, [2])
    time = 5
    expect(await late).toMatchObject({ code: 'deadline_exceeded' })
    expect(await other).toEqual([20])
    expect(runs).toEqual([[2]])
    expect(batcher.queuedRows).toBe(0)
  })

  test('learns of its deadline while the engine is still at it, and the engine goes on', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run })
    const running = ask(batcher, [1], { deadlineMs: 20 })
    const beside = ask(batcher, [2])
    await turn()
    const waiting = ask(batcher, [3], { deadlineMs: 30 })
    time = 40
    deadlines.passUpTo(time)
    expect(await Promise.all([running, waiting])).toMatchObject([
      { code: 'deadline_exceeded' },
      { code: 'deadline_exceeded' },
    ])
    held[0]?.answer()
    expect(await beside).toEqual([20])
    await batcher.idle()
    expect(runs).toEqual([[1, 2]])
  })
})

describe('idle', () => {
  test('is told once nothing waits or runs', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run, maxBatchRows: 1 })
    await batcher.idle()
    const answers = [ask(batcher, [1]), ask(batcher, [2])]
    let isIdle = false
    const idle = Promise.all([batcher.idle(), batcher.idle()]).then(() => (isIdle = true))
    for (let i = 0; i < 2; i++) {
      await turns()
      expect(isIdle).toBe(false)
      held[i]?.answer()
    }
    await idle
    expect(await Promise.all(answers)).toEqual([[10], [20]])
  })

  test('is told when all who waited have gone', async () => {
    const batcher = batcherOf()
    const gone = ask(batcher, [1], { call: { aborted: true } })
    await batcher.idle()
    expect(await gone).toMatchObject({ code: 'cancelled' })
    expect(runs).toEqual([])
  })
})

describe('priorities', () => {
  test('let the urgent run first, in the order in which they came', async () => {
    const batcher = batcherOf({ maxBatchRows: 1 })
    const asked = [3, 2, 1, 3, 1].map((priority, i) => ask(batcher, [i], { priority: priority as 1 | 2 | 3 }))
    await Promise.all(asked)
    expect(runs.flat()).toEqual([2, 4, 1, 0, 3])
  })

  test('have the less urgent give way when the line is full', async () => {
    const batcher = batcherOf({ maxQueueRows: 2 })
    const low = [ask(batcher, [1], { priority: 3 }), ask(batcher, [2], { priority: 3 })]
    const high = ask(batcher, [3], { priority: 1 })
    expect(await low[1]).toMatchObject({ code: 'overloaded', details: { reason: 'queue_full' } })
    expect(await ask(batcher, [4], { priority: 3 })).toMatchObject({ code: 'overloaded' })
    expect(await Promise.all([low[0], high])).toEqual([[10], [30]])
  })

  test('starve nobody: who has waited long enough begins one run in eight', async () => {
    const batcher = batcherOf({ maxBatchRows: 1 })
    const patient = [ask(batcher, [100], { priority: 3 }), ask(batcher, [101], { priority: 3 })]
    time = 250 // a quarter of what they have
    const urgent = Array.from({ length: 20 }, (_, i) => ask(batcher, [i], { priority: 1 }))
    await Promise.all([...patient, ...urgent])
    expect(runs.flat().map((value) => (value < 100 ? 'urgent' : value))).toEqual([
      ...Array.from({ length: 7 }, () => 'urgent'),
      100,
      ...Array.from({ length: 7 }, () => 'urgent'),
      101,
      ...Array.from({ length: 6 }, () => 'urgent'),
    ])
  })

  test('hold as long as everybody has patience', async () => {
    const batcher = batcherOf({ maxBatchRows: 1 })
    const patient = ask(batcher, [100], { priority: 3 })
    time = 249
    const urgent = Array.from({ length: 20 }, (_, i) => ask(batcher, [i], { priority: 1 }))
    await Promise.all([patient, ...urgent])
    expect(runs.flat().at(-1)).toBe(100)
  })
})

test('nobody gives way to a request that finds no room all the same', async () => {
  const batcher = batcherOf({ maxQueueRows: 3 })
  const waiting = [ask(batcher, [1], { priority: 1 }), ask(batcher, [2], { priority: 3 })]
  expect(await ask(batcher, [3, 4, 5], { priority: 1 })).toMatchObject({ code: 'overloaded' })
  expect(await Promise.all(waiting)).toEqual([[10], [20]])
})

describe('admission', () => {
  const cost = () => createRunCost([{ rows: 1, ms: 10 }])

  test('refuses at the door what could not be answered in time, and says when to come again', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run, maxBatchRows: 1, cost: cost() })
    const taken = [ask(batcher, [1])]
    await turn()
    for (let i = 0; i < 3; i++) taken.push(ask(batcher, [2]))
    // 10 ms of the run under way and 30 of those in line
    expect(await ask(batcher, [3], { deadlineMs: 50 })).toMatchObject({
      code: 'overloaded',
      details: { reason: 'expected_wait', retryAfterMs: 40 },
    })
    taken.push(ask(batcher, [4], { deadlineMs: 60 }))
    for (let i = 0; i < 5; i++) {
      held[i]?.answer()
      await turns()
    }
    expect(await Promise.all(taken)).toEqual([[10], [20], [20], [20], [40]])
  })

  test('tells a request whose deadline has passed so, however many are in line', async () => {
    const batcher = batcherOf({ maxBatchRows: 1, cost: cost() })
    const taken = Array.from({ length: 4 }, () => ask(batcher, [1]))
    for (const deadlineMs of [0, -5, 1e-6])
      expect(await ask(batcher, [2], { deadlineMs })).toMatchObject({ code: 'deadline_exceeded' })
    expect(await Promise.all(taken)).toEqual([[10], [10], [10], [10]])
  })

  test('counts only those that would run before', async () => {
    const batcher = batcherOf({ maxBatchRows: 1, cost: cost() })
    const taken = Array.from({ length: 4 }, () => ask(batcher, [1], { priority: 3 }))
    const urgent = ask(batcher, [2], { deadlineMs: 30, priority: 1 })
    expect(await ask(batcher, [3], { deadlineMs: 30, priority: 3 })).toMatchObject({ code: 'overloaded' })
    expect(await urgent).toEqual([20])
    await Promise.all(taken)
  })

  test('has a longest wait, whatever the deadline', async () => {
    const batcher = batcherOf({ maxBatchRows: 1, cost: cost(), maxQueueDelayMs: 15 })
    const taken = [ask(batcher, [1]), ask(batcher, [2])]
    expect(await ask(batcher, [3])).toMatchObject({
      code: 'overloaded',
      message: '20 ms of waiting are expected, the most is 15 ms: try again later',
    })
    await Promise.all(taken)
  })

  test('counts the whole run that it would be part of', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({
      run,
      concurrency: 2,
      cost: createRunCost([1, 8].map((rows) => ({ rows, ms: 10 * rows }))),
    })
    const taken = [ask(batcher, [1])]
    await turn()
    taken.push(ask(batcher, [1]))
    await turn()
    taken.push(...Array.from({ length: 15 }, () => ask(batcher, [2])))
    // two runs of 10 ms are under way; then two of 8 rows each are, of 80 ms
    expect(await ask(batcher, [3], { deadlineMs: 99 })).toMatchObject({ code: 'overloaded' })
    taken.push(ask(batcher, [4], { deadlineMs: 101 }))
    for (let i = 0; i < 6; i++) {
      held[i]?.answer()
      await turns()
    }
    expect(await Promise.all(taken)).toHaveLength(18)
  })

  test('runs no more rows together than end in time for all of them', async () => {
    const batcher = batcherOf({ cost: createRunCost([1, 8].map((rows) => ({ rows, ms: 10 * rows }))) })
    const first = ask(batcher, [1], { deadlineMs: 35 })
    await Promise.all([first, ...[2, 3, 4, 5].map((value) => ask(batcher, [value]))])
    expect(runs).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
  })

  test('runs nothing in vain while others wait', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run, cost: cost() })
    const before = ask(batcher, [1])
    await turn()
    const late = ask(batcher, [2], { deadlineMs: 25 })
    const next = ask(batcher, [3])
    time = 20
    held[0]?.answer()
    expect(await late).toMatchObject({
      code: 'overloaded',
      message: 'the answer would come too late: it is expected in 15 ms, and the request has 5 ms',
    })
    await turns()
    held[1]?.answer()
    expect(await Promise.all([before, next])).toEqual([[10], [30]])
    expect(runs).toEqual([[1], [3]])
  })

  test('counts each request by itself where rows do not run together', async () => {
    const curve = [
      { rows: 1, ms: 10 },
      { rows: 128, ms: 11 },
    ]
    const batcher = batcherOf({ rowsAreIndependent: false, maxBatchRows: 128, cost: createRunCost(curve) })
    const taken = Array.from({ length: 4 }, () => ask(batcher, [1]))
    expect(await ask(batcher, [2], { deadlineMs: 45 })).toMatchObject({ code: 'overloaded' })
    await Promise.all(taken)
  })

  test('does not count callers that have gone', async () => {
    const batcher = batcherOf({ maxBatchRows: 1, cost: cost() })
    const call = { aborted: false }
    const gone = Array.from({ length: 9 }, () => ask(batcher, [1], { call }))
    call.aborted = true
    const next = ask(batcher, [2], { deadlineMs: 50 })
    expect(await Promise.all(gone)).toMatchObject(Array.from({ length: 9 }, () => ({ code: 'cancelled' })))
    expect(await next).toEqual([20])
  })

  test('is told of in the timing of those that it refuses', async () => {
    const batcher = batcherOf({ maxBatchRows: 1, cost: cost() })
    const taken = [ask(batcher, [1]), ask(batcher, [2])]
    const call: Call = { aborted: false }
    expect(await ask(batcher, [3], { deadlineMs: 5, call })).toMatchObject({ code: 'overloaded' })
    expect(call.timing).toMatchObject({ model: MODEL, rows: 1, runMs: 0 })
    await Promise.all(taken)
  })

  test.each([
    [60, [20]],
    [97, 'overloaded'],
  ])('grows careful when answers come in the last moment: after %i of 100 ms', async (answeredMs, then) => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run, maxBatchRows: 1, cost: { of: (rows) => 10 * rows, learn: () => {} } })
    for (let i = 0; i < 20; i++) {
      const answer = ask(batcher, [1], { deadlineMs: time + 100 })
      await turns()
      time += answeredMs
      held[i]?.answer()
      await answer
    }
    const before = Array.from({ length: 7 }, () => ask(batcher, [1], { deadlineMs: Infinity }))
    await turns()
    const next = ask(batcher, [2], { deadlineMs: time + 100 })
    for (let i = 20; i < 28; i++) {
      held[i]?.answer()
      await turns()
    }
    const found = await next
    expect(found instanceof ServingError ? found.code : found).toEqual(then)
    await Promise.all(before)
  })

  test('refuses without a stack, which nobody reads and which costs more than the refusal', async () => {
    const batcher = batcherOf({ maxQueueRows: 1 })
    const taken = ask(batcher, [1])
    const refused = await ask(batcher, [2])
    expect(refused).toBeInstanceOf(ServingError)
    expect((refused as ServingError).stack).not.toContain('\n')
    expect(new Error('another').stack).toContain('\n')
    await taken
  })

  test('takes whoever finds nobody waiting, so that a slow first run locks nobody out', async () => {
    const batcher = batcherOf({ cost: createRunCost([{ rows: 1, ms: 1e6 }]) })
    expect(await ask(batcher, [1], { deadlineMs: 50 })).toEqual([10])
  })
})

describe('off the loop', () => {
  test('several runs are under way, each with its share of the rows', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run, place: 'off-loop', concurrency: 2 })
    const answers = [1, 2, 3, 4].map((value) => ask(batcher, [value]))
    await turn()
    expect(runs).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(batcher.running).toBe(2)
    const later = [5, 6, 7].map((value) => ask(batcher, [value]))
    await turn()
    held[1]?.answer()
    await turns()
    // five rows are there to do, two of them under way: three are the share of this one
    expect(runs[2]).toEqual([5, 6, 7])
    held[0]?.answer()
    held[2]?.answer()
    expect(await Promise.all([...answers, ...later])).toEqual([[10], [20], [30], [40], [50], [60], [70]])
    await batcher.idle()
    expect(batcher.running).toBe(0)
  })
})

test('the longest run is told of, and of a batch that fails its newest part', async () => {
  const { run, held } = heldModel()
  const batcher = batcherOf({ run, place: 'off-loop', maxBatchRows: 2 })
  expect(batcher.longestRunMs()).toBe(0)
  const answers = [1, 2].map((value) => ask(batcher, [value]))
  await turn()
  time = 30
  expect(batcher.longestRunMs()).toBe(30)
  held[0]?.fail(new Error('one of them'))
  await turns()
  time = 37
  expect(batcher.longestRunMs()).toBe(7)
  for (let i = 1; i < 3; i++) {
    held[i]?.answer()
    await turns()
  }
  expect(await Promise.all(answers)).toEqual([[10], [20]])
  expect(batcher.longestRunMs()).toBe(0)
})

describe('preferred sizes', () => {
  test('cut a longer line', async () => {
    const batcher = batcherOf({ maxBatchRows: 16, preferredRows: [2, 4] })
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map((value) => ask(batcher, [value])))
    expect(runs.map((rows) => rows.length)).toEqual([4, 2, 1])
  })
})

describe('a window', () => {
  const sleep = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms))

  test('lets an idle engine wait for more rows while they come quickly, and no longer than it is wide', async () => {
    const batcher = batcherOf({ windowMs: 20, preferredRows: [4], now: () => performance.now(), maxBatchRows: 8 })
    await ask(batcher, [1], { deadlineMs: Infinity }) // nothing is known of the arrivals: it does not wait
    runs = []
    const call: Call = { aborted: false }
    const pair = [ask(batcher, [2], { deadlineMs: Infinity, call })]
    await turns()
    pair.push(ask(batcher, [3], { deadlineMs: Infinity }))
    await turns()
    expect(runs).toEqual([])
    await Promise.all(pair)
    expect(runs).toEqual([[2, 3]])
    expect(call.timing).toMatchObject({ waitedFor: 'window', batchRows: 2 })
  })

  test('is over with its timer, even when the clock lags behind that', async () => {
    const batcher = batcherOf({ windowMs: 5, preferredRows: [4] })
    await ask(batcher, [1])
    time = 1
    expect(await ask(batcher, [2])).toEqual([20])
    expect(time).toBe(1)
  })

  test('ends when there are rows enough', async () => {
    const batcher = batcherOf({ windowMs: 10_000, preferredRows: [3], now: () => performance.now() })
    await ask(batcher, [1], { deadlineMs: Infinity })
    runs = []
    const all = [2, 3, 4].map(async (value) => {
      await sleep(value)
      return ask(batcher, [value], { deadlineMs: Infinity })
    })
    await Promise.all(all)
    expect(runs).toEqual([[2, 3, 4]])
  })
})

describe('timing', () => {
  test('says how long a request waited, for what, and with whom it ran', async () => {
    const { run, held } = heldModel()
    const finished: unknown[] = []
    const batcher = batcherOf({ run, onRun: (ended) => finished.push(ended) })
    const calls: Call[] = [{ aborted: false }, { aborted: false }, { aborted: false }]
    const first = ask(batcher, [1], { call: calls[0] })
    await turn()
    const others = [ask(batcher, [2], { call: calls[1] }), ask(batcher, [3, 4], { call: calls[2] })]
    time = 7
    held[0]?.answer()
    await turns()
    time = 9
    held[1]?.answer()
    await Promise.all([first, ...others])
    expect(calls.map((call) => call.timing)).toMatchObject([
      { model: MODEL, rows: 1, queueMs: 0, waitedFor: 'tick', runMs: 7, batchRows: 1 },
      { rows: 1, queueMs: 7, waitedFor: 'run', runMs: 2, batchRows: 3 },
      { rows: 2, queueMs: 7, waitedFor: 'run', runMs: 2, batchRows: 3 },
    ])
    expect(finished).toMatchObject([
      { model: MODEL, rows: 1, requests: 1, runMs: 7, failed: false },
      { rows: 3, requests: 2, runMs: 2, failed: false },
    ])
  })

  test('is there for those that were late, too', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run })
    const first = ask(batcher, [1])
    await turn()
    const call: Call = { aborted: false }
    const late = ask(batcher, [2], { deadlineMs: 20, call })
    time = 30
    deadlines.passUpTo(time)
    expect(await late).toMatchObject({ code: 'deadline_exceeded' })
    expect(call.timing).toMatchObject({ queueMs: 30, runMs: 0, batchRows: 0 })
    held[0]?.answer()
    await first
  })
})

describe('a failure for want of an engine', () => {
  test.each(['unavailable', 'overloaded'] as const)('that is %s is not tried again in parts', async (code) => {
    const batcher = batcherOf({
      run(inputs, wanted) {
        tenfold(inputs, wanted)
        throw new ServingError(code, 'nobody runs it')
      },
    })
    expect(await Promise.all([ask(batcher, [1]), ask(batcher, [2])])).toMatchObject([{ code }, { code }])
    expect(runs).toEqual([[1, 2]])
  })

  test('is not run again for those whose deadline has passed meanwhile', async () => {
    const { run, held } = heldModel()
    const batcher = batcherOf({ run })
    const late = ask(batcher, [1], { deadlineMs: 20 })
    const others = [ask(batcher, [2]), ask(batcher, [3])]
    await turn()
    time = 30
    deadlines.passUpTo(time)
    expect(await late).toMatchObject({ code: 'deadline_exceeded' })
    held[0]?.fail(new ServingError('internal', 'a bad row'))
    for (let i = 1; i < 3; i++) {
      await turns()
      held[i]?.answer()
    }
    expect(await Promise.all(others)).toEqual([[20], [30]])
    expect(runs).toEqual([[1, 2, 3], [2], [3]])
  })

  test('that killed a process is looked for one by one', async () => {
    const batcher = batcherOf({
      run(inputs, wanted) {
        const outputs = tenfold(inputs, wanted)
        if (!numbersOf(inputs, 'x').includes(-1)) return outputs
        throw new ServingError('internal', 'it died', { details: { reason: 'killed_worker' } })
      },
    })
    const answers = await Promise.all([1, 2, 3, -1, 5].map((value) => ask(batcher, [value])))
    expect(answers).toMatchObject([[10], [20], [30], { code: 'internal' }, [50]])
    expect(runs).toEqual([[1, 2, 3, -1, 5], [1], [2], [3], [-1], [5]])
  })
})
