import { parse } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import type { TypeScriptStep } from '../../bundle/program.ts'
import { parseTypeScriptFile } from '../../bundle/typescript-file.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import type { Engine, LoadedStep, ReadBundleFile } from '../engine.ts'
import type { CodeEvents } from '../processes/events.ts'
import { startPool } from '../processes/pool.ts'
import { startProcess, type CodeProcess } from '../processes/process.ts'
import { TYPESCRIPT, type TypeScriptSettings } from './settings.ts'
import { FILE_PREFIX, type LoadJob } from './worker.ts'

/** As messages call it. */
const LANGUAGE = 'TypeScript'

/** Raised when the same code would run otherwise. */
const REVISION = 1

/**
 * Runs code in TypeScript, with the compiled model that it calls, in processes of its own. Only who was told to run such
 * code makes one.
 * @see docs/decisions, "Code in TypeScript runs in a process without rights"
 */
export function createTypeScriptEngine(settings: TypeScriptSettings, events: CodeEvents = {}): Engine {
  return {
    name: TYPESCRIPT,
    version: `${process.versions.node} ${REVISION}`,
    refusal: ({ kind }) => (kind === 'typescript' ? undefined : 'it runs code in TypeScript'),
    load(step, read, { onOutput } = {}) {
      if (step.kind !== 'typescript') throw new Error('the engine for TypeScript was given another step; this is a bug')
      return loadTypeScript(step, read, settings, onOutput === undefined ? events : { ...events, onOutput })
    },
  }
}

/** What code says of itself once it is loaded. */
export interface TypeScriptDescription {
  readonly functions: readonly string[]
  /** As the code has it: nothing of it is checked. */
  readonly signature: unknown
  /** Rows that the code brings. */
  readonly example: Tensors
  /** Runs the code, and gives all that it gives. @throws {ServingError} as a run */
  readonly attempt: (inputs: Tensors) => Promise<Tensors>
}

/**
 * Loads code, and has somebody ask it before it ends.
 * @throws {ServingError} `refused` when it cannot be loaded
 */
export async function withTypeScript<Result>(
  step: Pick<TypeScriptStep, 'file' | 'model'>,
  read: ReadBundleFile,
  settings: TypeScriptSettings,
  events: CodeEvents,
  ask: (description: TypeScriptDescription) => Promise<Result>,
): Promise<Result> {
  const opened = open({ ...step, datatypes: undefined }, read, settings, events)
  const started = opened.start(() => {})
  try {
    await opened.load(started)
    const answer = await started.ask('describe', new Map(), undefined, settings.startTimeoutMs)
    const text = Buffer.from((answer.get('description')?.data[0] ?? []) as Uint8Array).toString('utf8')
    const { functions = [], signature } = JSON.parse(text || '{}') as Partial<TypeScriptDescription>
    const example = [...answer].flatMap(([name, value]) =>
      name.startsWith('example:') ? [[name.slice('example:'.length), value] as const] : [],
    )
    const attempt = (inputs: Tensors) => started.ask('try', inputs, undefined, settings.runTimeoutMs)
    return await ask({ functions, signature, example: new Map(example), attempt })
  } finally {
    started.dismiss()
  }
}

async function loadTypeScript(
  step: TypeScriptStep,
  read: ReadBundleFile,
  settings: TypeScriptSettings,
  events: CodeEvents,
): Promise<LoadedStep> {
  const { start, load } = open(step, read, settings, events)
  const size = settings.workers
  const pool = await startPool({ ...settings, language: LANGUAGE, size, start, load, onEvent: events.onEvent })
  return {
    processes: size,
    run: (inputs, wanted) => pool.run(inputs, wanted),
    runOffLoop: (inputs, wanted) => pool.run(inputs, wanted),
    heldMiB: () => pool.heldMiB(),
    release: () => pool.release(),
  }
}

/** Code with its model, and what starts a process that has them. */
function open(
  {
    file: path,
    model,
    datatypes,
  }: Pick<TypeScriptStep, 'file' | 'model'> & { readonly datatypes: LoadJob['datatypes'] },
  read: ReadBundleFile,
  settings: TypeScriptSettings,
  events: CodeEvents,
) {
  const { entry, files } = parseTypeScriptFile(read(path), path)
  const job: LoadJob = { entry, model, datatypes }
  const parts = new Map([['settings', bytes(Buffer.from(JSON.stringify(job)))]])
  for (const [name, place] of files) parts.set(FILE_PREFIX.code + name, bytes(read(place)))
  for (const { file } of model?.program.steps ?? []) parts.set(FILE_PREFIX.model + file, bytes(read(file)))
  return {
    load: async (started: CodeProcess): Promise<void> => {
      await started.ask('load', parts, undefined, settings.startTimeoutMs).catch((error: unknown) => {
        const { code, message } = ServingError.from(error)
        if (code !== 'too_large') throw error
        throw new ServingError('too_large', `the code, its files and its model are too large to be run: ${message}`)
      })
    },
    start: (onEnd: (ended: CodeProcess) => void) =>
      startProcess({
        language: LANGUAGE,
        command: settings.command,
        folder: parse(process.execPath).root,
        variables: {},
        onEnd,
        onOutput: (text, from) => events.onOutput?.(entry, text, from),
      }),
  }
}

function bytes(content: Uint8Array) {
  return tensor('BYTES', [1], [content])
}
