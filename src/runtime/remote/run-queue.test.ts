import { expect, test } from 'vitest'
import type { Place } from '../../engines/program.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import { createRunQueue } from './run-queue.ts'
import type { RemoteRequest } from './serve-frames.ts'
import { column, numbersOf, tenfold } from './tenfold.fixture.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function request(
  value: number,
  options: Partial<RemoteRequest> = {},
): RemoteRequest & { call: Mutable<RemoteRequest['call']> } {
  const call = { aborted: false, onAborted: undefined }
  return {
    model: 'm',
    version: undefined,
    inputs: column(value),
    outputs: ['y'],
    timeoutMs: undefined,
    priority: undefined,
    ...options,
    call,
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A queue before a program that notes what it runs. */
function queueOf(
  options: { place?: Place; concurrency?: number; run?: (inputs: Tensors) => Tensors | Promise<Tensors> } = {},
) {
  const ran: number[] = []
  const wantedOf: (readonly string[])[] = []
  const clock = { time: 0 }
  const submit = createRunQueue({
    program: {
      run(inputs, wanted, place) {
        ran.push(numbersOf(inputs, 'x')[0] ?? 0)
        wantedOf.push(wanted)
        expect(place).toBe(options.place ?? 'in-tick')
        return (options.run ?? tenfold)(inputs)
      },
    },
    place: options.place ?? 'in-tick',
    concurrency: options.concurrency ?? 1,
    outputs: ['y', 'z'],
    now: () => clock.time,
  })
  /** Submits as the other end of the wire does: whatever comes of it, later. */
  const later = async (asked: RemoteRequest): Promise<number[]> => numbersOf(await submit(asked))
  return { submit, later, ran, wantedOf, clock }
}

test('an idle program answers in the tick; those that come in the same tick have their turns after it', async () => {
  const { submit, later, ran } = queueOf()
  expect(numbersOf(submit(request(1)) as Tensors)).toEqual([10])
  const answers = [later(request(2)), later(request(3))]
  expect(ran).toEqual([1])
  await turn()
  expect(ran).toEqual([1, 2])
  expect(await Promise.all(answers)).toEqual([[20], [30]])
  await turn()
  expect(submit(request(4))).not.toBeInstanceOf(Promise)
})

test('off the loop as many run at once as they may', async () => {
  const gates: (() => void)[] = []
  const { later, ran } = queueOf({
    place: 'off-loop',
    concurrency: 2,
    run: (inputs) => new Promise((resolve) => void gates.push(() => resolve(tenfold(inputs)))),
  })
  const answers = [1, 2, 3, 4].map((value) => later(request(value)))
  expect(ran).toEqual([1, 2])
  gates[1]?.()
  await answers[1]
  await turn()
  expect(ran).toEqual([1, 2, 3])
  gates[0]?.()
  gates[2]?.()
  await answers[2]
  await turn()
  gates[3]?.()
  expect(await Promise.all(answers)).toEqual([[10], [20], [30], [40]])
})

test('those that have gone or are late when their turn comes are not run', async () => {
  const { later, ran, clock } = queueOf()
  const first = later(request(1))
  const gone = request(2)
  const late = request(3, { timeoutMs: 10 })
  const answers = [later(gone), later(late), later(request(4, { timeoutMs: 11 }))]
  clock.time = 10
  gone.call.onAborted?.()
  await expect(answers[0]).rejects.toMatchObject({ code: 'cancelled' })
  await expect(answers[1]).rejects.toMatchObject({ code: 'deadline_exceeded' })
  expect(await answers[2]).toEqual([40])
  expect(await first).toEqual([10])
  expect(ran).toEqual([1, 4])
})

test('a run that fails fails alone', async () => {
  const { submit, later } = queueOf({
    run(inputs) {
      if ((numbersOf(inputs, 'x')[0] ?? 0) < 0) throw new Error('negative')
      return tenfold(inputs)
    },
  })
  expect(() => submit(request(-1))).toThrow('negative')
  const first = later(request(1))
  const answers = [later(request(-2)), later(request(3))]
  await expect(answers[0]).rejects.toThrow('negative')
  expect(await Promise.all([first, answers[1]])).toEqual([[10], [30]])
})

test('two requests for the same outputs bring the same array; one for none brings all', async () => {
  const { later, wantedOf } = queueOf()
  for (const outputs of [['z', 'y'], ['z', 'y'], []]) await later(request(1, { outputs }))
  expect(wantedOf[0]).toBe(wantedOf[1])
  expect(wantedOf[2]).toEqual(['y', 'z'])
})
