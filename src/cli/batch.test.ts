import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { linearPlane, type LinearPlaneOptions } from '../batch/linear-plane.fixture.ts'
import { createBatchCommand } from './batch.ts'
import { parseOptions } from './options.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-batch-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

function at(name: string): string {
  return join(folder, name)
}

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly closed: boolean
}

async function run(args: readonly string[], planeOptions: LinearPlaneOptions = {}, signal?: AbortSignal): Promise<Ran> {
  let stdout = ''
  let stderr = ''
  let closed = false
  const command = createBatchCommand((_path, { onProgress }) => {
    onProgress?.('opened the model')
    return Promise.resolve({
      plane: linearPlane(planeOptions).plane,
      close: () => Promise.resolve(void (closed = true)),
    })
  })
  const { options, positionals } = parseOptions(command.options, args, {})
  const code = await command.run(positionals, options, {
    env: {},
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal: signal ?? new AbortController().signal,
  })
  return { code, stdout, stderr, closed }
}

function paths(input = 'rows.csv', output = 'scored.csv'): string[] {
  return ['model.onnx', '--in', at(input), '--out', at(output)]
}

describe('slipway batch', () => {
  test('writes the scored rows, and tells how it went', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,2\n3,4\n')
    const { code, stdout, stderr, closed } = await run([...paths(), '--json'])
    expect(code).toBe(0)
    expect(closed).toBe(true)
    expect(await readFile(at('scored.csv'), 'utf8')).toBe('a,b,score,sign\n1,2,4,1\n3,4,10,1\n')
    expect(JSON.parse(stdout)).toMatchObject({
      rows: 2,
      badRows: 0,
      output: at('scored.csv'),
      errors: null,
      model: { name: 'linear' },
    })
    expect(stderr).toContain('opened the model')
    expect((await readdir(folder)).sort()).toEqual(['rows.csv', 'scored.csv'])
  })

  test('puts bad rows into a file beside the output, and none without bad rows', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,2\n3,x\n')
    const { stdout } = await run(paths())
    expect(stdout).toMatch(/^1 of 2 rows scored into .*, 1 bad, see .*scored\.csv\.errors\.jsonl\n$/)
    expect(JSON.parse(await readFile(at('scored.csv.errors.jsonl'), 'utf8'))).toMatchObject({
      row: 2,
      line: 3,
      input: '3,x',
    })
    await writeFile(at('rows.csv'), 'a,b\n1,2\n')
    await run([...paths(), '--force'])
    expect((await readdir(folder)).sort()).toEqual(['rows.csv', 'scored.csv'])
  })

  test('writes the error file that is asked for even when it is empty', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,2\n')
    await run([...paths(), '--errors', at('bad.jsonl')])
    expect(await readFile(at('bad.jsonl'), 'utf8')).toBe('')
  })

  test('fails when all rows are bad, and leaves the errors alone', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,x\ny,2\n')
    await expect(run(paths())).rejects.toThrow('all 2 rows are bad, so there is no output; the first: row 1 (line 2)')
    expect((await readdir(folder)).sort()).toEqual(['rows.csv', 'scored.csv.errors.jsonl'])
  })

  test('takes JSON lines by the name of the file or by the flag', async () => {
    await writeFile(at('rows.jsonl'), '[1,2]\n')
    await run(paths('rows.jsonl', 'scored.ndjson'))
    expect(await readFile(at('scored.ndjson'), 'utf8')).toBe('{"input":[1,2],"score":4,"sign":1}\n')
    await writeFile(at('rows.txt'), '[1,2]\n')
    await run([...paths('rows.txt', 'scored.csv'), '--in-format', 'jsonl', '--columns', 'outputs'])
    expect(await readFile(at('scored.csv'), 'utf8')).toBe('score,sign\n4,1\n')
  })

  test('computes the outputs that are named, in their order', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,2\n3,-9\n')
    await run([...paths(), '--outputs', 'sign, score'])
    expect(await readFile(at('scored.csv'), 'utf8')).toBe('a,b,sign,score\n1,2,1,4\n3,-9,-1,-3\n')
    await run([...paths('rows.csv', 'signs.jsonl'), '--outputs', 'sign', '--columns', 'outputs'])
    expect(await readFile(at('signs.jsonl'), 'utf8')).toBe('{"sign":1}\n{"sign":-1}\n')
  })

  test('computes what a request without outputs gets, and columns called like other outputs are in nobody’s way', async () => {
    await writeFile(at('rows.csv'), 'a,b,sign\n1,2,7\n')
    await run(paths(), { defaultOutputs: ['score'] })
    expect(await readFile(at('scored.csv'), 'utf8')).toBe('a,b,sign,score\n1,2,7,4\n')
    await writeFile(at('rows.csv'), 'a,b\n')
    await run([...paths(), '--force'], { defaultOutputs: ['score'] })
    expect(await readFile(at('scored.csv'), 'utf8')).toBe('a,b,score\n')
  })

  test('refuses outputs that there are not, and leaves nothing', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,2\n')
    await expect(run([...paths(), '--outputs', 'score,proba'])).rejects.toThrow(
      'output "proba" is unknown; the model gives "score", "sign"',
    )
    await expect(run([...paths(), '--outputs', ''])).rejects.toThrow('output "" is unknown')
    expect(await readdir(folder)).toEqual(['rows.csv'])
  })

  test.each<[string, string[], string]>([
    ['no model', ['--in', 'x.csv', '--out', 'y.csv'], '0 models are named'],
    ['no input', ['m', '--out', 'y.csv'], '--in is missing'],
    ['no output', ['m', '--in', 'x.csv'], '--out is missing'],
    ['a format that nothing tells', ['m', '--in', 'x.txt', '--out', 'y.csv'], 'say --in-format csv or jsonl'],
    ['an unknown format', ['m', '--in', 'x', '--out', 'y', '--in-format', 'xml'], 'it takes csv or jsonl'],
    ['another format for the same columns', ['m', '--in', 'x.csv', '--out', 'y.jsonl'], 'say --columns outputs'],
    [
      'an unknown choice of columns',
      ['m', '--in', 'x.csv', '--out', 'y.csv', '--columns', 'no'],
      'it takes all or outputs',
    ],
    [
      'chunks of no rows',
      ['m', '--in', 'x.csv', '--out', 'y.csv', '--chunk-rows', '0'],
      'it takes a whole number from 1',
    ],
  ])('%s is wrong usage', async (_name, args, message) => {
    await expect(run(args)).rejects.toThrow(message)
  })

  test('refuses paths that cannot be right before it opens the model', async () => {
    const input = at('rows.csv')
    await expect(run(paths())).rejects.toThrow('cannot be read: there is no such file')
    await writeFile(input, 'a,b\n1,2\n')
    await link(input, at('hard.csv'))
    await symlink(input, at('soft.csv'))
    for (const same of ['rows.csv', 'hard.csv', 'soft.csv'])
      await expect(run([...paths('rows.csv', same), '--force'])).rejects.toThrow('is the input itself')
    await expect(run([...paths(), '--errors', input])).rejects.toThrow('is the input itself')
    await expect(run([...paths(), '--errors', at('scored.csv')])).rejects.toThrow('name the same file')
    await expect(run(paths('rows.csv', 'none/scored.csv'))).rejects.toThrow('make it first')
    await expect(run([...paths('rows.csv', '.'), '--force'])).rejects.toThrow('no plain file')
    await writeFile(at('scored.csv'), 'mine')
    await expect(run(paths())).rejects.toThrow('is there already; name another file, or say --force')
    expect(await readFile(at('scored.csv'), 'utf8')).toBe('mine')
    expect((await run([...paths(), '--force'])).code).toBe(0)
  })

  test('leaves a file alone that appears while it runs', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,2\n')
    await expect(run(paths(), { before: () => writeFile(at('scored.csv'), 'mine') })).rejects.toThrow(
      'has appeared meanwhile',
    )
    expect(await readFile(at('scored.csv'), 'utf8')).toBe('mine')
    expect((await readdir(folder)).sort()).toEqual(['rows.csv', 'scored.csv'])
  })

  test('that is stopped or fails half way leaves nothing behind', async () => {
    await writeFile(at('rows.csv'), `a,b\n${'1,2\n'.repeat(50_000)}3,"`)
    await expect(run(paths())).rejects.toThrow('line 50002: a quote is opened and never closed')
    const controller = new AbortController()
    await expect(run(paths(), { before: () => controller.abort() }, controller.signal)).rejects.toThrow(
      'left no output',
    )
    expect(await readdir(folder)).toEqual(['rows.csv'])
  })

  test('that is killed leaves no output under its name, and the next run clears up', async () => {
    await writeFile(at('rows.csv'), `a,b\n${'1,2\n'.repeat(100_000)}`)
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
    const script = `
      import { setTimeout } from 'node:timers/promises'
      import { linearPlane } from ${url('../batch/linear-plane.fixture.ts')}
      import { createBatchCommand } from ${url('./batch.ts')}
      import { parseOptions } from ${url('./options.ts')}
      let calls = 0
      const { plane } = linearPlane({ before: async () => { if (++calls === 60) console.log('half'); if (calls >= 60) await setTimeout(20_000) } })
      const command = createBatchCommand(() => Promise.resolve({ plane, close: () => Promise.resolve() }))
      const { options, positionals } = parseOptions(command.options, ${JSON.stringify(paths())}, {})
      await command.run(positionals, options, { env: {}, stdout: process.stdout, stderr: process.stderr, signal: new AbortController().signal })
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(child.stdout, 'data')
      const during = await readdir(folder)
      expect(during).toContain(`.scored.csv.${child.pid}.partial`)
      expect(during).not.toContain('scored.csv')
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    expect(await readdir(folder)).not.toContain('scored.csv')
    expect((await run(paths())).code).toBe(0)
    expect((await readdir(folder)).sort()).toEqual(['rows.csv', 'scored.csv'])
    expect((await readFile(at('scored.csv'), 'utf8')).split('\n')).toHaveLength(100_002)
  })

  test('leaves the temporary files of living processes alone', async () => {
    await writeFile(at('rows.csv'), 'a,b\n1,2\n')
    await writeFile(at(`.scored.csv.${process.ppid}.partial`), 'of another run')
    await writeFile(at(`.scored.csv.${process.pid}.partial`), 'of a process that had this id')
    await run(paths())
    expect((await readdir(folder)).sort()).toEqual([`.scored.csv.${process.ppid}.partial`, 'rows.csv', 'scored.csv'])
  })

  test('runs in the same memory however long the file is', async () => {
    const block = Array.from({ length: 10_000 }, (_, i) => `${i},${i / 7},some text that only passes through\n`).join(
      '',
    )
    await writeFile(at('rows.csv'), `a,b,note\n${block.repeat(100)}`)
    let most = 0
    let baseline = 0
    let calls = 0
    const before = async (): Promise<void> => {
      await setTimeout(0)
      if (++calls === 100) baseline = process.memoryUsage.rss()
      most = Math.max(most, process.memoryUsage.rss())
    }
    const { stdout } = await run([...paths(), '--json'], { before })
    expect(JSON.parse(stdout)).toMatchObject({ rows: 1_000_000, badRows: 0 })
    expect((most - baseline) / 2 ** 20).toBeLessThan(96)
  })
})
