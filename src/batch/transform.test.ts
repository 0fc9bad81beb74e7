import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ServingError } from '../core/errors.ts'
import { linearPlane, type LinearPlaneOptions } from './linear-plane.fixture.ts'
import { transform, type TransformOptions, type TransformSummary } from './transform.ts'

interface Outcome {
  readonly summary: TransformSummary
  readonly output: string
  readonly bad: { row: number; line: number; code: string; message: string; input: string }[]
  readonly calls: number[]
}

async function run(
  input: string | Uint8Array | AsyncIterable<Uint8Array>,
  options: Partial<TransformOptions> = {},
  planeOptions: LinearPlaneOptions = {},
): Promise<Outcome> {
  const { plane, model, calls } = linearPlane(planeOptions)
  let output = ''
  let errors = ''
  const summary = await transform({
    source: typeof input === 'string' || input instanceof Uint8Array ? pieces(Buffer.from(input), 7) : input,
    output: { write: (text) => Promise.resolve(void (output += text)) },
    errors: { write: (text) => Promise.resolve(void (errors += text)) },
    plane,
    model,
    inFormat: 'csv',
    outFormat: options.inFormat ?? 'csv',
    columns: 'all',
    hasHeader: true,
    maxBadRows: Infinity,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    retryPausesMs: [0, 0],
    ...options,
  })
  const bad = errors
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Outcome['bad'][number])
  return { summary, output, bad, calls }
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

describe('a batch job over CSV', () => {
  test('puts the predictions behind the columns, whose text it keeps', async () => {
    const { output, summary } = await run('\ufeffid,b,"a",note\r\n007, 1.50 ,2,"x,\n""y"""\r\n8,-3,1,\r\n\r\n')
    expect(output).toBe('id,b,"a",note,score,sign\n007, 1.50 ,2,"x,\n""y""",5.5,1\n8,-3,1,,-1,-1\n')
    expect(summary).toEqual({ rows: 2, badRows: 0, firstProblem: undefined })
  })

  test('can leave the columns out, and write JSON lines then', async () => {
    expect((await run('b,a\n1,2\n', { columns: 'outputs' })).output).toBe('score,sign\n5,1\n')
    expect((await run('b,a\n1,2', { columns: 'outputs', outFormat: 'jsonl' })).output).toBe('{"score":5,"sign":1}\n')
    await expect(run('b,a\n1,2', { outFormat: 'jsonl' })).rejects.toThrow(
      "input's columns go through in their own format only",
    )
  })

  test('without a header takes columns by position and writes no header', async () => {
    expect((await run('1,2\n3,4\n', { hasHeader: false })).output).toBe('1,2,4,1\n3,4,10,1\n')
  })

  test('takes columns by position, or by the names that are given, where the model knows none', async () => {
    const unnamed = { columns: undefined }
    expect((await run('u,v\n1,2\n', {}, unnamed)).output).toBe('u,v,score,sign\n1,2,4,1\n')
    expect((await run('id,v,u\n9,2,1\n', { features: ['u', 'v'] }, unnamed)).output).toBe(
      'id,v,u,score,sign\n9,2,1,4,1\n',
    )
    await expect(run('id,v,u\n9,2,1\n', {}, unnamed)).rejects.toThrow('--features says which they are')
  })

  test('of a header alone gives a header alone', async () => {
    const { output, summary } = await run('a,b\n')
    expect(output).toBe('a,b,score,sign\n')
    expect(summary.rows).toBe(0)
  })

  test.each([
    ['', 'the input is empty'],
    ['\n\n', 'the input is empty'],
    ['a,c\n1,2', 'the header lacks the column "b"'],
    ['a,b,a\n1,2,3', 'names the column "a" twice'],
    ['a,b,score\n1,2,3', 'the input has the column "score", which the model\'s answer adds too'],
    ['1,2\n3,4', '--no-header says that there is none'],
  ])('refuses the input %j before any row is scored', async (input, message) => {
    await expect(run(input)).rejects.toThrow(message)
  })

  test('puts bad rows aside with their place and their text, and keeps the others in order', async () => {
    const long = `"${'é'.repeat(900)}"`
    const input = `a,b,note\n1,2,"two\nlines"\n1,2\nx,2,\n\n1,1e999,\n5,6,"a"b\n${long},1,\n3,4,end\n`
    const { output, bad, summary } = await run(input, { chunkRows: 3 })
    expect(output).toBe('a,b,note,score,sign\n1,2,"two\nlines",4,1\n3,4,end,10,1\n')
    expect(bad.map(({ row, line }) => [row, line])).toEqual([
      [2, 4],
      [3, 5],
      [4, 6],
      [5, 7],
      [6, 8],
      [7, 9],
    ])
    expect(bad.map(({ message }) => message)).toEqual([
      '2 fields where 3 are expected',
      'column 1 ("a"): "x" is no number',
      'the line is blank',
      'column 2 ("b"): "1e999" is out of the range of FP64',
      'text follows a closing quote; a quote inside a quoted field is written twice',
      expect.stringContaining('is no number'),
    ])
    expect(bad[1]).toMatchObject({ code: 'invalid_argument', input: 'x,2,' })
    expect(bad[5]?.input).toBe(`"${'é'.repeat(511)}`)
    expect(summary).toEqual({ rows: 8, badRows: 6, firstProblem: 'row 2 (line 4): 2 fields where 3 are expected' })
  })

  test('a row that is not UTF-8 is bad alone', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b,c\n1,2,'), Uint8Array.of(0xff), Buffer.from('\n1,2,z\n')])
    const { output, bad } = await run(bytes)
    expect(output).toBe('a,b,c,score,sign\n1,2,z,4,1\n')
    expect(bad[0]?.message).toContain('not valid UTF-8')
  })

  test.each(['a,b\n1,2\n3,"4\n5,6\n7,8\n', 'a,b\n1,2\n3,"4'])(
    'an open quote fails the job by its line, for it hides the rows behind it',
    async (input) => {
      await expect(run(input)).rejects.toThrow('line 3: a quote is opened and never closed')
    },
  )

  test('a record of endless size is refused and not collected', async () => {
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a,b\n1,"')
      for (;;) {
        given += 2 ** 20
        yield new Uint8Array(2 ** 20).fill(0x61)
      }
    }
    await expect(run(endless())).rejects.toThrow('the record at line 2 is longer than 16.0 MiB')
    expect(given).toBeLessThan(2 ** 26)
  })

  test('gives the same output wherever the pieces of its input end', async () => {
    const input = Buffer.from('\ufeffnote,a,b\r\n"ü,""\r\n",1,2\r\n,3,"4"\r\nx,,5\n"q"q,1,1\n\nz,1,\n')
    const whole = await run(pieces(input, input.length))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9 }), async (size, chunkRows) => {
        const cut = await run(pieces(input, size), { chunkRows })
        expect([cut.output, cut.bad, cut.summary]).toEqual([whole.output, whole.bad, whole.summary])
      }),
      { numRuns: 100 },
    )
  })
})

describe('a batch job over JSON lines', () => {
  test('puts the predictions behind the members, whose text it keeps', async () => {
    const input = '{"id":9007199254740993,"a":1,"b":2}\r\n{ "b": 2.50, "a": 1 }\n[1,2]\n\n'
    const { output } = await run(input, { inFormat: 'jsonl' })
    expect(output).toBe(
      '{"id":9007199254740993,"a":1,"b":2,"score":4,"sign":1}\n{ "b": 2.50, "a": 1,"score":4.5,"sign":1}\n{"input":[1,2],"score":4,"sign":1}\n',
    )
  })

  test('puts broken lines and clashing names aside', async () => {
    const input = '{"a":1,"b":2}\n{"a":1\n\n{"a":1,"b":2,"sign":0}\n{"a":"1","b":2}\n{"a":1}\n'
    const { output, bad } = await run(input, { inFormat: 'jsonl' })
    expect(output).toBe('{"a":1,"b":2,"score":4,"sign":1}\n')
    expect(bad.map(({ row, message }) => [row, message])).toEqual([
      [2, expect.stringContaining('the line is not valid JSON')],
      [3, 'the line is blank'],
      [4, 'the row has the name "sign", which the model\'s answer adds too'],
      [5, 'column 1 ("a"): the text "1" is no number'],
      [6, expect.stringContaining('"b" is missing')],
    ])
  })

  test('a prediction that JSON cannot hold makes its own row bad', async () => {
    const { output, bad } = await run('[1,2]\n[1e308,1e308]\n[3,4]', { inFormat: 'jsonl' })
    expect(output.split('\n')).toHaveLength(3)
    expect(bad).toMatchObject([{ row: 2, code: 'unsupported' }])
  })
})

describe('a chunk of a batch job', () => {
  const hundred = `a,b\n${Array.from({ length: 100 }, (_, i) => `${i},0\n`).join('')}`

  test('that fails is split, so that only the guilty rows fail', async () => {
    const guilty = new Set([13, 77])
    const { output, bad, calls } = await run(
      hundred,
      { chunkRows: 50 },
      {
        before(rows) {
          if (rows.some(([a]) => guilty.has(a))) throw new ServingError('internal', 'the model failed')
        },
      },
    )
    expect(bad.map(({ row, code }) => [row, code])).toEqual([
      [14, 'internal'],
      [78, 'internal'],
    ])
    expect(
      output
        .split('\n')
        .slice(1, -1)
        .map((line) => Number(line.split(',')[0])),
    ).toEqual(Array.from({ length: 100 }, (_, i) => i).filter((i) => !guilty.has(i)))
    expect(calls.length).toBeLessThan(30)
  })

  test('that finds no room is tried again, and fails the job in the end', async () => {
    let failures = 2
    const full = (): void => {
      if (failures-- > 0) throw new ServingError('overloaded', 'the queue is full')
    }
    expect((await run(hundred, {}, { before: full })).summary.badRows).toBe(0)
    failures = 3
    await expect(run(hundred, {}, { before: full })).rejects.toThrow('the queue is full')
  })

  test('is one row where rows may sway each other, and as large as is asked', async () => {
    expect((await run('a,b\n1,2\n3,4', {}, { rowsAreIndependent: false })).calls).toEqual([1, 1])
    expect((await run(hundred, { chunkRows: 60 })).calls).toEqual([60, 40])
    expect((await run('a,b\n1,2\n3,4', {}, { inputShape: [1, 2] })).calls).toEqual([1, 1])
    await expect(run(hundred, {}, { inputShape: [7, 2] })).rejects.toThrow('exactly 7 rows a call')
  })

  test('too many bad rows fail the job and name the first', async () => {
    await expect(run('a,b\n1,x\n1,2\n1,y\n', { maxBadRows: 1 })).rejects.toThrow(
      '2 rows are bad by row 3, the most is 1; the first: row 1 (line 2): column 2 ("b"): "x" is no number',
    )
  })

  test('a job that is stopped stops', async () => {
    const controller = new AbortController()
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a,b\n')
      for (;;) yield Buffer.from('1,2\n'.repeat(1000))
    }
    const stop = (): void => controller.abort()
    await expect(run(endless(), { signal: controller.signal }, { before: stop })).rejects.toThrow('left no output')
  })

  test('rows are read no faster than they are run and written', async () => {
    let rowsGiven = 0
    let rowsWritten = 0
    let most = 0
    async function* rows(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a,b\n')
      for (let i = 0; i < 2000; i++) {
        rowsGiven += 100
        most = Math.max(most, rowsGiven - rowsWritten)
        yield Buffer.from('1,2\n'.repeat(100))
      }
    }
    const output = {
      async write(text: string) {
        await setImmediate()
        rowsWritten += text.split('\n').length - 1
      },
    }
    const { summary } = await run(rows(), { output, chunkRows: 256 }, { before: () => setImmediate() })
    expect(summary.rows).toBe(200_000)
    // one chunk that runs, one that is read, one piece
    expect(most).toBeLessThanOrEqual(2 * 256 + 200)
  })
})
