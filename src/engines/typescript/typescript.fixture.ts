import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { writeTypeScriptFile } from '../../bundle/typescript-file.ts'
import type { TypeScriptStep } from '../../bundle/program.ts'
import { GraphBuilder } from '../../onnx/index.ts'
import { writeOnnx } from '../../onnx/index.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import type { LoadedStep } from '../engine.ts'
import { createTypeScriptEngine, withTypeScript } from './engine.ts'
import type { TypeScriptSettings } from './settings.ts'

/** A model that gives twice what it takes: `twice` of `x`, both [rows, 2]. */
function doubling(): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'FP64', [undefined, 2])
  graph.output(
    graph.op('Mul', [x, graph.initializer(tensor('FP64', [1], Float64Array.of(2)))], {}, { outputs: ['twice'] }),
    'FP64',
  )
  return writeOnnx(graph.build())
}

export const MODEL: NonNullable<TypeScriptStep['model']> = {
  inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 2] }],
  outputs: ['twice'],
  program: {
    steps: [
      { kind: 'onnx', file: 'model.onnx', inputs: { x: 'x' }, outputs: { twice: 'twice' }, optimization: 'basic' },
    ],
  },
}

const STEP: TypeScriptStep = {
  kind: 'typescript',
  file: 'typescript.json',
  inputs: { x: 'x' },
  outputs: { y: 'y' },
  datatypes: { y: 'FP64' },
  model: MODEL,
}

/** Code in TypeScript for one test. */
export interface TypeScriptBench {
  readonly output: string[]
  readonly events: string[]
  load(files: Readonly<Record<string, string>>, settings?: Partial<TypeScriptSettings>): Promise<LoadedStep>
  describe<Result>(
    files: Readonly<Record<string, string>>,
    ask: Parameters<typeof withTypeScript<Result>>[4],
  ): Promise<Result>
  end(): void
}

export function createBench(entry = 'predict.ts'): TypeScriptBench {
  const output: string[] = []
  const events: string[] = []
  const loaded: LoadedStep[] = []
  const told = {
    onOutput: (_file: string, text: string) => void output.push(text),
    onEvent: (_level: string, text: string, fields: object) => void events.push(`${text} ${JSON.stringify(fields)}`),
  }
  const main = fileURLToPath(new URL('./process.fixture.ts', import.meta.url))
  const rights = ['--permission', '--allow-fs-read=*', '--allow-addons', '--allow-worker', '--no-warnings']
  const usual: TypeScriptSettings = {
    command: [process.execPath, ...rights, main],
    workers: 1,
    memoryMiB: 2048,
    startTimeoutMs: 20_000,
    runTimeoutMs: 10_000,
  }
  const readerOf = (files: Readonly<Record<string, string>>) => {
    const contents = new Map<string, Uint8Array>([['model.onnx', doubling()]])
    const places = new Map(Object.keys(files).map((path, i) => [path, `code/${i}`]))
    for (const [path, text] of Object.entries(files)) contents.set(places.get(path) ?? '', Buffer.from(text))
    contents.set('typescript.json', writeTypeScriptFile({ entry, files: places }))
    return (path: string) => contents.get(path) ?? new Uint8Array()
  }
  return {
    output,
    events,
    async load(files, settings = {}) {
      const step = await createTypeScriptEngine({ ...usual, ...settings }, told).load(STEP, readerOf(files))
      loaded.push(step)
      return step
    },
    describe: (files, ask) => withTypeScript(STEP, readerOf(files), usual, told, ask),
    end() {
      for (const step of loaded) step.release()
    },
  }
}

/** One row. */
export function row(a: number, b: number): Tensors {
  return new Map([['x', tensor('FP64', [1, 2], Float64Array.of(a, b))]])
}

/** Process ids of processes for code that this process has started and that live. Linux. */
export function livingProcesses(): number[] {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean)
  return children.map(Number).filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('process.fixture') && !/\) [ZX] /.test(stat)
    } catch {
      return false
    }
  })
}
