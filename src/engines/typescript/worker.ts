import { Socket } from 'node:net'
import { ServingError } from '../../core/errors.ts'
import type { ModelOfCode } from '../../bundle/program.ts'
import { DEFAULT_MAX_FRAME_BYTES, type FrameRequest } from '../../tensor/frames/frame.ts'
import { createFrameReader } from '../../tensor/frames/read-frame.ts'
import { encodeAnswer, encodeFailure, sendPieces } from '../../tensor/frames/write-frame.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import { hostKernels } from '../host-kernels/index.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { loadProgram, type LoadedProgram } from '../program.ts'
import { openCode, type RunningCode } from './code.ts'
import { LAST } from '../processes/last.ts'
import { TRACE_MARK } from '../processes/output-lines.ts'
import { failureOf, readable, traceOf } from './failures.ts'
import { installModules, urlOf } from './modules.ts'
import { endWithParent } from '../processes/end-with-parent.ts'
import { closePrototypes, leaveAllElse } from './sandbox.ts'
import { fromCode } from './values.ts'

/** What a process is told to load; the files come beside it, each as a tensor of one element. */
export interface LoadJob {
  readonly entry: string
  readonly model: ModelOfCode | undefined
  readonly datatypes: Readonly<Record<string, Datatype>> | undefined
}

/** What the tensors of files are called: those of the code, and those of the model's program. */
export const FILE_PREFIX = { code: 'code:', model: 'model:' } as const

/** File descriptor of the channel. */
const CHANNEL = 3

/** An error of code that it did not wait for: what was under way goes on behind it, so that its process has to end. */
class StrayFailure extends ServingError {
  constructor(message: string) {
    super('internal', message, { details: { reason: 'code_failed' } })
  }
}

/** Says that another process has to take over. */
function withMark(error: ServingError): ServingError {
  return new ServingError(error.code, error.message, { details: { ...error.details, [LAST]: true } })
}

/** The process that runs code in TypeScript: asked over its channel, one thing after the other, until that closes. */
export function runCodeProcess(): void {
  const channel = new Socket({ fd: CHANNEL, readable: true, writable: true })
  const end = (): never => process.exit(0)
  let code: RunningCode | undefined
  let last: Promise<void> = Promise.resolve()

  async function answer({ model: operation, inputs, outputs }: FrameRequest): Promise<Tensors> {
    if (operation === 'load') {
      code = await load(inputs)
      return new Map()
    }
    if (code === undefined) throw new Error('code is asked before it is loaded; this is a bug')
    if (operation === 'describe') return describe(code)
    return code.run(inputs, operation === 'try' ? undefined : outputs)
  }

  /** Fails what is under way, for an error that nobody waited for; between two requests the log alone has it. */
  let failNow: ((thrown: unknown) => void) | undefined
  const onStray = (thrown: unknown): void => {
    tellTrace(`nobody waited for this failure: ${traceOf(thrown)}`)
    failNow?.(new StrayFailure(failureOf(thrown, 'the code').message))
  }
  process.on('uncaughtException', onStray).on('unhandledRejection', onStray)

  const reader = createFrameReader(DEFAULT_MAX_FRAME_BYTES, (frame) => {
    if (frame.kind !== 'request') return
    const { id, request } = frame
    last = last.then(async () => {
      const stray = Promise.withResolvers<never>()
      failNow = stray.reject
      try {
        const outputs = await Promise.race([answer(request), stray.promise])
        sendPieces(channel, encodeAnswer(id, outputs, DEFAULT_MAX_FRAME_BYTES))
      } catch (given) {
        const thrown = readable(given)
        const error = thrown instanceof ServingError ? thrown : failureOf(thrown, 'the code')
        if (error.code !== 'invalid_argument') tellTrace(traceOf(error.cause ?? error))
        // code has changed what all JavaScript stands on, and our part fails too; or something goes on behind it
        const isLast = error !== thrown || thrown instanceof StrayFailure
        sendPieces(channel, encodeFailure(id, isLast ? withMark(error) : error))
      } finally {
        failNow = undefined
      }
    })
  })
  channel.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk)
    } catch {
      process.exit(1) // who has started this process starts another
    }
  })
  channel.on('error', end).on('end', end).on('close', end)
  // a terminal sends it to the whole group; who has started this process says when to stop
  process.on('SIGINT', () => {})
}

/** Each line is marked: what it holds may be what the caller had sent. */
function tellTrace(trace: string): void {
  process.stderr.write(`${trace.replaceAll(/^/gm, TRACE_MARK)}\n`)
}

/** Loads the model, gives up all that this process could do, and only then reads the code. */
async function load(given: Tensors): Promise<RunningCode> {
  const job = JSON.parse(textOf(given, 'settings')) as LoadJob
  const files = filesOf(given, FILE_PREFIX.code)
  const program = await loadModel(job.model, filesOf(given, FILE_PREFIX.model))
  endWithParent()
  installModules(files)
  leaveAllElse()
  let exported: Record<string, unknown>
  try {
    exported = (await import(urlOf(job.entry))) as Record<string, unknown>
  } catch (thrown) {
    throw new ServingError('refused', failureOf(thrown, 'loading the code').message, { cause: thrown })
  }
  const code = await openCode(exported, { ...job, files, program })
  closePrototypes()
  return code
}

async function loadModel(
  model: ModelOfCode | undefined,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<LoadedProgram | undefined> {
  if (model === undefined) return undefined
  // host kernels where they can: then no native code is in the process at all
  return loadProgram(model.program, [hostKernels, onnxruntime], (path) => files.get(path) ?? new Uint8Array())
}

/** What the code says of itself, and rows of its own. */
function describe({ functions, signature, example }: RunningCode): Tensors {
  let text: string
  try {
    text = JSON.stringify({ functions, signature })
  } catch (cause) {
    throw new ServingError('unsupported', 'the signature that the code exports is no plain object', { cause })
  }
  const rows = example === undefined ? [] : [...fromCode(example, 'the example of the code is')]
  return new Map([
    ['description', tensor('BYTES', [1], [Buffer.from(text)])],
    ...rows.map(([name, value]) => [`example:${name}`, value] as const),
  ])
}

function filesOf(given: Tensors, prefix: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  for (const [name, { data }] of given)
    if (name.startsWith(prefix)) files.set(name.slice(prefix.length), (data[0] ?? new Uint8Array()) as Uint8Array)
  return files
}

function textOf(given: Tensors, name: string): string {
  return Buffer.from((given.get(name)?.data[0] ?? []) as Uint8Array).toString('utf8')
}
