import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServingError } from '../../core/errors.ts'
import type { Tensors } from '../../tensor/tensor.ts'
import { connectReplicas, type ReplicaOptions, type Replicas } from './connect-replicas.ts'
import { joined } from '../../tensor/frames/frames.fixture.ts'
import { serveFrames, type FrameServer, type RemoteRequest } from './serve-frames.ts'
import { encodeAnswer, encodeCancel } from '../../tensor/frames/write-frame.ts'
import { column, numbersOf, tenfold } from './tenfold.fixture.ts'
import { Trials } from './trials.ts'

const Y = ['y']

let folder: string
let servers: FakeReplica[]
let replicas: Replicas | undefined
let suspects: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-replicas-'))
  servers = []
  suspects = []
})

afterEach(async () => {
  replicas?.release()
  replicas = undefined
  for (const server of servers) await server.die()
  rmSync(folder, { recursive: true })
})

interface FakeReplica {
  /** First numbers of the runs that came, in order. */
  readonly asked: number[]
  readonly frames: FrameServer
  /** Answers one that is held. */
  give(number: number): void
  /** As when a process is killed. */
  die(): Promise<void>
}

type Handler = (request: RemoteRequest, hold: () => Promise<Tensors>, die: () => void) => Tensors | Promise<Tensors>

/** A replica in this process: tenfold, unless it is told otherwise. */
async function replica(name: string, handler: Handler = ({ inputs }) => tenfold(inputs)): Promise<FakeReplica> {
  const server = createServer()
  const sockets = new Set<Socket>()
  const asked: number[] = []
  const held = new Map<number, () => void>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const kill = () => {
    for (const socket of sockets) socket.destroy()
  }
  const frames = serveFrames(server, (request) => {
    const number = numbersOf(request.inputs, 'x')[0] ?? 0
    asked.push(number)
    const hold = () => new Promise<Tensors>((resolve) => void held.set(number, () => resolve(tenfold(request.inputs))))
    return handler(request, hold, kill)
  })
  await new Promise<void>((resolve) => void server.listen(join(folder, name), resolve))
  const made: FakeReplica = {
    asked,
    frames,
    give: (number) => held.get(number)?.(),
    async die() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
      kill()
      await closed
    },
  }
  servers.push(made)
  return made
}

function connectTo(names: readonly string[], options: Partial<ReplicaOptions> = {}): Replicas {
  replicas = connectReplicas({
    sockets: names.map((name) => join(folder, name)),
    engines: ['onnxruntime'],
    maxRunMs: 10_000,
    now: () => performance.now(),
    onSuspect: (socket, why) => suspects.push(`${socket.slice(folder.length + 1)} ${why}`),
    model: { name: 'm', version: 'v' },
    canRunOffLoop: true,
    ...options,
  })
  return replicas
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => void setTimeout(resolve, 2))
}

const available = (count: number): Promise<void> => until(() => replicas?.available === count)

const run = (...values: number[]): Promise<number[]> =>
  Promise.resolve(replicas?.run(column(...values), Y) ?? new Map()).then((outputs) => numbersOf(outputs))

/** What a run was refused with. */
const refused = (...values: number[]): Promise<ServingError> =>
  run(...values).then(
    () => expect.unreachable('it was answered'),
    (error: unknown) => error as ServingError,
  )

describe('a run', () => {
  test('of a request that failed elsewhere is not tried again when its replica dies, and nothing is held against its rows', async () => {
    let isDeadly = true
    const handler: Handler = ({ inputs }, hold, die) => {
      if (!isDeadly) return tenfold(inputs)
      die()
      return hold()
    }
    const [a, b] = [await replica('a', handler), await replica('b', handler)]
    const connected = connectTo(['a', 'b'])
    await available(2)
    const trials = new Trials()
    trials.runs = 1
    await expect(connected.run(column(1), Y, 'off-loop', undefined, trials)).rejects.toMatchObject({
      code: 'internal',
      details: { reason: 'killed_worker' },
    })
    expect([...a.asked, ...b.asked]).toEqual([1])
    isDeadly = false
    await available(2)
    expect(await run(1)).toEqual([10])
  })

  test('that failed goes to another replica when it is sent again, and one that was not begun counts for nothing', async () => {
    const refusal = new ServingError('unavailable', 'not here')
    const failing = new ServingError('internal', 'the model failed')
    const asked: string[] = []
    const handler =
      (name: string, error: ServingError): Handler =>
      () => {
        asked.push(name)
        throw error
      }
    await replica('a', handler('a', failing))
    await replica('b', handler('b', refusal))
    await replica('c', handler('c', failing))
    const connected = connectTo(['a', 'b', 'c'])
    await available(3)
    const trials = new Trials()
    const again = () => Promise.resolve(connected.run(column(1), Y, 'off-loop', undefined, trials))
    await expect(again()).rejects.toThrow('the model failed')
    expect(trials.mayRun).toBe(true)
    await expect(again()).rejects.toThrow('the model failed')
    expect(asked.filter((name) => name !== 'b').toSorted()).toEqual(['a', 'c'])
    expect(trials.runs).toBe(2)
  })

  test('waits for a replica that is not there yet, and is answered by it', async () => {
    connectTo(['a'])
    const early = run(1)
    await new Promise((resolve) => void setTimeout(resolve, 60))
    const a = await replica('a')
    expect(await early).toEqual([10])
    expect(a.asked).toEqual([1])
    expect(replicas?.available).toBe(1)
  })

  test('asks for its model, its outputs and the time that is left', async () => {
    const requests: RemoteRequest[] = []
    await replica('a', (request) => {
      requests.push(request)
      return tenfold(request.inputs)
    })
    connectTo(['a'])
    await run(1)
    expect(requests[0]).toMatchObject({ model: 'm', version: 'v', outputs: Y })
    expect(requests[0]?.timeoutMs).toBeLessThanOrEqual(10_000)
    expect(requests[0]?.timeoutMs).toBeGreaterThan(9000)
  })

  test('goes to the replicas in turn, and to the one with the fewest under way', async () => {
    const hold: Handler = (_request, hold) => hold()
    const a = await replica('a', hold)
    const b = await replica('b', hold)
    connectTo(['a', 'b'])
    await available(2)
    const runs = [1, 2, 3, 4].map((number) => run(number))
    await until(() => a.asked.length + b.asked.length === 4)
    expect([a.asked.length, b.asked.length]).toEqual([2, 2])
    const [first = 0] = a.asked
    const [second = 0] = a.asked.slice(1)
    a.give(first)
    a.give(second)
    await Promise.race(runs)
    await until(() => a.frames.inFlight === 0)
    await new Promise((resolve) => void setTimeout(resolve, 20))
    runs.push(run(5), run(6))
    await until(() => a.asked.length === 4)
    expect(b.asked).toHaveLength(2)
    for (const server of [a, b]) for (const number of server.asked) server.give(number)
    expect(await Promise.all(runs)).toEqual([[10], [20], [30], [40], [50], [60]])
  })

  test("brings the replica's own refusal, and is not tried again", async () => {
    const error = new ServingError('invalid_argument', 'no such city', { details: { row: 1 } })
    const a = await replica('a', () => {
      throw error
    })
    const b = await replica('b', () => {
      throw error
    })
    connectTo(['a', 'b'])
    const found = await refused(1)
    expect(found.toJSON()).toEqual(error.toJSON())
    expect(a.asked.length + b.asked.length).toBe(1)
  })

  test('too large for a frame is refused alone', async () => {
    await replica('a')
    connectTo(['a'], { maxFrameBytes: 2000 })
    await available(1)
    expect(await refused(...Array.from({ length: 1000 }, () => 1))).toMatchObject({ code: 'too_large' })
    expect(await run(1)).toEqual([10])
  })

  test('is refused as unavailable when nobody comes up in time', async () => {
    connectTo(['a', 'b'], { maxRunMs: 60 })
    expect(await refused(1)).toMatchObject({ code: 'unavailable', details: { retryAfterMs: 1000 } })
    expect(suspects).toEqual([])
    await replica('a')
    await available(1)
    expect(await run(1)).toEqual([10])
  })

  test('is refused when the program is released, while it waits and while it runs', async () => {
    await replica('a', (_request, hold) => hold())
    connectTo(['a', 'b'])
    await available(1)
    const waits = [refused(1), refused(2)]
    replicas?.release()
    for (const wait of waits) expect(await wait).toMatchObject({ code: 'unavailable' })
    expect(await refused(3)).toMatchObject({ code: 'unavailable' })
    expect(replicas?.available).toBe(0)
  })
})

describe('a replica that dies', () => {
  test('has its runs answered by another', async () => {
    const b = await replica('b')
    let deaths = 0
    await replica('a', (_request, hold, die) => {
      deaths++
      die()
      return hold()
    })
    connectTo(['a', 'b'])
    await available(2)
    expect(await Promise.all([run(1), run(2), run(3), run(4)])).toEqual([[10], [20], [30], [40]])
    expect(deaths).toBe(2)
    expect(b.asked).toHaveLength(4)
  })

  test('has its runs answered by its successor when there is no other', async () => {
    const old = await replica('a', (_request, hold) => hold())
    connectTo(['a'])
    const runs = [run(1), run(2)]
    await until(() => old.asked.length === 2)
    await old.die()
    await available(0)
    const next = await replica('a')
    expect(await Promise.all(runs)).toEqual([[10], [20]])
    expect(next.asked).toEqual([1, 2])
  })

  test('is tried again by its runs alone, so that one that is innocent is not there at two deaths', async () => {
    const together: number[] = []
    const fragile: Handler = async ({ inputs }, _hold, die) => {
      together.push(servers.at(-1)?.frames.inFlight ?? 0)
      if (numbersOf(inputs, 'x')[0] === 13) setImmediate(die)
      await new Promise((resolve) => void setTimeout(resolve, 20))
      return tenfold(inputs)
    }
    await replica('a', fragile)
    connectTo(['a'])
    const innocent = [run(1), run(2), run(3)]
    const guilty = refused(13)
    expect(await guilty).toMatchObject({ code: 'internal', details: { reason: 'killed_worker' } })
    expect(await Promise.all(innocent)).toEqual([[10], [20], [30]])
    expect(together.slice(0, 4)).toEqual([1, 2, 3, 4])
    expect(together.slice(4).sort((a, b) => a - b)).toEqual([1, 1, 1, 1])
  })

  test('has its runs wait for another to be idle, and gives them the first turn there', async () => {
    const [a, b] = await twoHolding()
    const [first, second] = [run(1), run(2)]
    await until(() => a.asked.length + b.asked.length === 2)
    await a.die()
    await available(0) // the other one is kept free
    const third = run(3)
    expect(b.asked).toEqual([2])
    b.give(2)
    expect(await second).toEqual([20])
    await until(() => b.asked.length === 2)
    expect(b.asked).toEqual([2, 1])
    b.give(1)
    expect(await first).toEqual([10])
    await until(() => b.asked.length === 3)
    b.give(3)
    expect(await third).toEqual([30])
  })

  test('and then another, before it was idle, costs the run that waited there nothing', async () => {
    const [a, b] = await twoHolding()
    const runs = [run(1), run(2)]
    await until(() => a.asked.length + b.asked.length === 2)
    await a.die()
    await available(0)
    await b.die()
    const next = await replica('a')
    expect(await Promise.all(runs)).toEqual([[10], [20]])
    expect(next.asked.sort((a, b) => a - b)).toEqual([1, 2])
  })

  /** Two replicas, of which `a` gets the first run, that answer when they are told to. */
  async function twoHolding(): Promise<[FakeReplica, FakeReplica]> {
    const hold: Handler = (_request, hold) => hold()
    const two: [FakeReplica, FakeReplica] = [await replica('a', hold), await replica('b', hold)]
    connectTo(['a', 'b'])
    await available(2)
    return two
  }

  test('by the same run twice is not tried a third time, nor when it comes again with others', async () => {
    let deaths = 0
    const fragile: Handler = ({ inputs }, hold, die) => {
      if (!numbersOf(inputs, 'x').includes(13)) return tenfold(inputs)
      deaths++
      die()
      return hold()
    }
    await replica('a', fragile)
    await replica('b', fragile)
    connectTo(['a', 'b'])
    await available(2)
    expect(await refused(13)).toMatchObject({ code: 'internal', details: { reason: 'killed_worker' } })
    expect(deaths).toBe(2)
    expect(await refused(1, 13, 2)).toMatchObject({ details: { reason: 'killed_worker' } })
    expect(await refused(13)).toMatchObject({ details: { reason: 'killed_worker' } })
    expect(deaths).toBe(2)
    expect(await run(1, 2)).toEqual([10, 20])
  })

  test('by one of many requests in a batch costs few more, and only the guilty request', async () => {
    let deaths = 0
    const fragile: Handler = ({ inputs }, hold, die) => {
      if (!numbersOf(inputs, 'x').includes(13)) return tenfold(inputs)
      deaths++
      die()
      return hold()
    }
    await replica('a', fragile)
    await replica('b', fragile)
    connectTo(['a', 'b'])
    await available(2)
    const values = Array.from({ length: 16 }, (_, i) => i)
    const guilty: number[] = []
    /** As a batcher does: what failed together is tried in halves. */
    async function runTogether(batch: readonly number[]): Promise<void> {
      try {
        expect(await run(...batch)).toEqual(batch.map((value) => value * 10))
      } catch (error) {
        expect(error).toMatchObject({ code: 'internal', details: { reason: 'killed_worker' } })
        if (batch.length === 1) guilty.push(...batch)
        else
          for (const half of [batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1)])
            await runTogether(half)
      }
    }
    await runTogether(values)
    expect(guilty).toEqual([13])
    expect(deaths).toBe(2 + 4)
    await runTogether([...values, 99])
    expect(guilty).toEqual([13, 13])
    expect(deaths).toBe(2 + 4)
  })
})

describe('a replica that is silent', () => {
  let time = 0
  const now = () => time
  /** Long enough for what is due to be seen. */
  const sweep = () => new Promise((resolve) => void setTimeout(resolve, 50))

  beforeEach(() => {
    time = 0
  })

  test('is told of once, gets no more runs, and its callers are told that they are late', async () => {
    const b = await replica('b')
    const a = await replica('a', (_request, hold) => hold())
    connectTo(['a', 'b'], { maxRunMs: 100, now })
    await available(2)
    const outcomes = Promise.allSettled([run(1), run(2), run(3), run(4)])
    await until(() => a.asked.length === 2 && b.asked.length === 2)
    await sweep()
    time = 100
    const late = (await outcomes).filter((result) => result.status === 'rejected')
    const error = { code: 'deadline_exceeded', details: { reason: 'run_too_long', maxRunMs: 100 } }
    expect(late.map(({ reason }) => reason as unknown)).toMatchObject([error, error])
    expect(replicas?.available).toBe(1)
    expect(suspects).toEqual([])
    time = 350
    await until(() => suspects.length > 0)
    await sweep()
    expect(suspects).toEqual(['a silent'])
    expect(await Promise.all([run(5), run(6)])).toEqual([[50], [60]])
    expect([a.asked.length, b.asked.length]).toEqual([2, 4])
    for (const number of a.asked) a.give(number)
    await available(2)
  })

  test('is not told of when the run only waited its turn there', async () => {
    await replica('a', ({ call }) => {
      return new Promise((_resolve, reject) => {
        call.onAborted = () => reject(new ServingError('cancelled', 'the caller went away'))
      })
    })
    connectTo(['a'], { maxRunMs: 60, now })
    await available(1)
    const late = refused(1)
    await sweep()
    time = 60
    expect(await late).toMatchObject({ code: 'deadline_exceeded' })
    await available(1)
    time = 1000
    await sweep()
    expect(suspects).toEqual([])
  })

  test('and is killed then has its other runs answered by its successor', async () => {
    const a = await replica('a', (_request, hold) => hold())
    connectTo(['a'], { maxRunMs: 400, now, onSuspect: () => void a.die() })
    await available(1)
    const first = refused(1)
    await sweep()
    time = 300
    const second = run(2)
    await until(() => a.asked.length === 2)
    time = 400
    expect(await first).toMatchObject({ code: 'deadline_exceeded' })
    time = 650
    await until(() => a.frames.connections === 0)
    await replica('a')
    expect(await second).toEqual([20])
  })
})

describe('a replica that answers what it cannot mean', () => {
  test.each<[string, Handler]>([
    ['other outputs', () => new Map([['z', column(1).get('x') as never]])],
    ['no outputs', () => new Map()],
  ])('%s: is told of, and its runs are answered elsewhere', async (_what, handler) => {
    await replica('b')
    await replica('a', handler)
    connectTo(['a', 'b'])
    await available(2)
    expect(await Promise.all([run(1), run(2)])).toEqual([[10], [20]])
    expect(suspects).toEqual(['a damaged'])
  })

  test.each<[string, string | Buffer]>([
    ['garbage', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['an answer to nothing', joined(encodeAnswer(99, column(1), 1000))],
    ['a request', joined(encodeCancel(1))],
  ])('%s: is told of, and its runs are answered elsewhere', async (_what, bytes) => {
    await replica('b')
    const server = createServer((socket) => void socket.on('error', () => {}).on('data', () => socket.write(bytes)))
    await new Promise<void>((resolve) => void server.listen(join(folder, 'a'), resolve))
    connectTo(['a', 'b'])
    await available(2)
    expect(await Promise.all([run(1), run(2)])).toEqual([[10], [20]])
    expect(suspects).toEqual(['a damaged'])
    replicas?.release()
    await new Promise((resolve) => void server.close(resolve))
  })
})

describe('a replica that is leaving', () => {
  test('fails no run: what is under way there is answered there, the rest elsewhere or by its successor', async () => {
    let a = await replica('a')
    await replica('b')
    connectTo(['a', 'b'])
    await available(2)
    let count = 0
    const ended = new AbortController()
    const callers = [1, 2, 3, 4].map(async () => {
      while (!ended.signal.aborted) {
        const number = count++
        expect(await run(number)).toEqual([number * 10])
      }
    })
    for (let round = 0; round < 10; round++) {
      await a.frames.drain(1000)
      a = await replica('a')
      await available(2)
    }
    ended.abort()
    await Promise.all(callers)
    expect(count).toBeGreaterThan(100)
  })

  test('and the only one makes runs wait for its successor', async () => {
    const old = await replica('a', (_request, hold) => hold())
    connectTo(['a'])
    const first = run(1)
    await until(() => old.asked.length === 1)
    const drained = old.frames.drain(5000)
    await available(0)
    const second = run(2)
    old.give(1)
    expect(await first).toEqual([10])
    await drained
    const next = await replica('a')
    expect(await second).toEqual([20])
    expect(next.asked).toEqual([2])
  })

  test('unlike one that says so of this model: when all do, the run is refused', async () => {
    const gone: Handler = () => {
      throw new ServingError('unavailable', 'taken out meanwhile')
    }
    const [a, b] = [await replica('a', gone), await replica('b', gone)]
    connectTo(['a', 'b'])
    await available(2)
    expect(await refused(1)).toMatchObject({ code: 'unavailable', message: 'taken out meanwhile' })
    expect([a.asked, b.asked]).toEqual([[1], [1]])
  })
})

describe('a replica where runs fail in a row', () => {
  const failing: Handler = () => {
    throw new ServingError('internal', 'the model failed')
  }

  test('rests for a second while others answer, then gets another chance', async () => {
    let time = 0
    let isBroken = true
    const a = await replica('a', (request, hold, die) =>
      isBroken ? failing(request, hold, die) : tenfold(request.inputs),
    )
    const b = await replica('b')
    connectTo(['a', 'b'], { now: () => time })
    await available(2)
    for (let i = 0; i < 20; i++) await run(i).catch(() => undefined)
    expect(a.asked).toHaveLength(3)
    expect(b.asked).toHaveLength(17)
    time = 1001
    for (let i = 0; i < 20; i++) await run(i).catch(() => undefined)
    expect(a.asked).toHaveLength(4)
    time = 2002
    isBroken = false
    for (let i = 0; i < 20; i++) await run(i)
    expect(a.asked).toHaveLength(14)
  })

  test('does not rest where the others fail as well, nor when it is the last one', async () => {
    const a = await replica('a', failing)
    const b = await replica('b', failing)
    connectTo(['a', 'b'])
    await available(2)
    for (let i = 0; i < 10; i++) expect(await refused(i)).toMatchObject({ code: 'internal' })
    expect([a.asked.length, b.asked.length]).toEqual([5, 5])
    await b.die()
    await available(1)
    for (let i = 0; i < 10; i++) expect(await refused(i)).toMatchObject({ code: 'internal' })
    expect(a.asked).toHaveLength(15)
  })

  test('and that rests is used when no other is left', async () => {
    const a = await replica('a', ({ inputs }) => {
      if ((numbersOf(inputs, 'x')[0] ?? 0) < 100) throw new ServingError('internal', 'the model failed')
      return tenfold(inputs)
    })
    const b = await replica('b')
    connectTo(['a', 'b'], { now: () => 0 })
    await available(2)
    for (let i = 0; i < 20; i++) await run(i).catch(() => undefined)
    expect(a.asked).toHaveLength(3)
    await b.die()
    await available(1)
    expect(await run(100)).toEqual([1000])
  })
})
