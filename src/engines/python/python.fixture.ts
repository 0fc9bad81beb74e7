import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writePythonFile, type PythonFile } from '../../bundle/python-file.ts'
import type { PythonStep } from '../../bundle/program.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import type { LoadedStep } from '../engine.ts'
import { createPythonEngine, describePython } from './engine.ts'
import type { PythonSettings } from './settings.ts'

export const STEP: PythonStep = {
  kind: 'python',
  file: 'python.json',
  inputs: { body: 'body', content_type: 'content_type', accept: 'accept' },
  outputs: { body: 'body', content_type: 'content_type', status: 'status' },
}

export const OUTPUTS = ['body', 'content_type', 'status']

/** A bundle of these files. @param entry the one that is run */
export function bundleOf(
  flavour: PythonFile['flavour'],
  entry: string,
  files: Readonly<Record<string, string | Buffer>>,
) {
  const code = entry.includes('/') ? entry.slice(0, entry.lastIndexOf('/')) : ''
  const places = new Map(Object.keys(files).map((path, i) => [path, `code/${i}`]))
  const contents = new Map<string, Uint8Array>(
    Object.entries(files).map(([path, text]) => [places.get(path) ?? '', Buffer.from(text as string)]),
  )
  contents.set('python.json', writePythonFile({ flavour, entry, code, requirements: undefined, files: places }))
  return (path: string) => contents.get(path) ?? new Uint8Array()
}

/** Models in Python for one test, in a folder of their own. */
export interface PythonBench {
  readonly folder: string
  /** Lines that code has printed. */
  readonly output: string[]
  /** What the engine said of its processes. */
  readonly events: string[]
  load(read: (path: string) => Uint8Array, settings?: Partial<PythonSettings>): Promise<LoadedStep>
  describe(read: (path: string) => Uint8Array): ReturnType<typeof describePython>
  end(): void
}

export function createBench(python: string): PythonBench {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-python-test-'))
  const output: string[] = []
  const events: string[] = []
  const loaded: LoadedStep[] = []
  const told = {
    onOutput: (_model: string, text: string) => void output.push(text),
    onEvent: (_level: string, text: string, fields: object) => void events.push(`${text} ${JSON.stringify(fields)}`),
  }
  const usual: PythonSettings = {
    interpreter: { executable: python, version: '3', platform: 'test' },
    environments: undefined,
    temporary: folder,
    workers: 1,
    memoryMiB: 2048,
    startTimeoutMs: 20_000,
    runTimeoutMs: 10_000,
    isolate: [],
    threads: 1,
    variables: {},
  }
  return {
    folder,
    output,
    events,
    async load(read, settings = {}) {
      const step = await createPythonEngine({ ...usual, ...settings }, told).load(STEP, read)
      loaded.push(step)
      return step
    },
    describe: (read) => describePython(STEP, read, usual, told),
    end() {
      for (const step of loaded) step.release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A request's body, as code that takes bodies is given it. */
export function body(text: string | Uint8Array, contentType?: string, accept?: string): Tensors {
  const inputs = new Map([['body', tensor('BYTES', [1], [Buffer.from(text as string)])]])
  if (contentType !== undefined) inputs.set('content_type', tensor('BYTES', [1], [Buffer.from(contentType)]))
  if (accept !== undefined) inputs.set('accept', tensor('BYTES', [1], [Buffer.from(accept)]))
  return inputs
}

/** What came back: the body as text, the media type and the status. */
export function answerIn(outputs: Tensors): { body: string; contentType: string; status: number } {
  const text = (name: string) => Buffer.from((outputs.get(name)?.data[0] ?? []) as Uint8Array).toString('utf8')
  return { body: text('body'), contentType: text('content_type'), status: Number(outputs.get('status')?.data[0]) }
}

/** Process ids of the runner's processes that this process has started and that live. Linux. */
export function livingProcesses(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children.map(Number).filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('start.py') && !/\) [ZX] /.test(stat)
    } catch {
      return false
    }
  })
}
