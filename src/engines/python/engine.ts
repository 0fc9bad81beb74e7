import { existsSync } from 'node:fs'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import type { PythonStep } from '../../bundle/program.ts'
import { tensor, type Tensors } from '../../tensor/tensor.ts'
import type { Engine, LoadedStep, ReadBundleFile } from '../engine.ts'
import { environmentFolder, namesPackages, pythonOf } from './environment.ts'
import { layOut } from './model-files.ts'
import { commandOf, variablesOf } from './surroundings.ts'
import type { CodeEvents } from '../processes/events.ts'
import { startPool } from '../processes/pool.ts'
import { startProcess, type CodeProcess } from '../processes/process.ts'
import { parsePythonFile, type PythonFile } from '../../bundle/python-file.ts'
import { PYTHON, type PythonSettings } from './settings.ts'

/** As messages call it. */
const LANGUAGE = 'Python'

/** Raised when the runner runs the same code otherwise. */
const RUNNER_REVISION = 1

/** Runs inference code and models in Python, in processes of their own. */
export interface PythonEngine extends Engine {
  load(step: PythonStep, read: ReadBundleFile): Promise<LoadedPython>
}

/** A model in Python, loaded. */
export interface LoadedPython extends LoadedStep {
  runOffLoop(inputs: Tensors, wanted: readonly string[]): Promise<Tensors>
  readonly processes: number
}

/**
 * The engine for code in Python: only who was told to run such code makes one.
 * @see docs/decisions, "Code in Python runs beside the server"
 */
export function createPythonEngine(settings: PythonSettings, events: CodeEvents = {}): Engine {
  return {
    name: PYTHON,
    version: `${settings.interpreter.version} ${RUNNER_REVISION}`,
    refusal: (step) => {
      if (step.kind !== 'python') return 'it runs code in Python'
      return process.platform === 'win32' ? 'code in Python is run on Linux and macOS' : undefined
    },
    load(step, read, { onOutput } = {}) {
      if (step.kind !== 'python') throw new Error('the engine for Python was given another step; this is a bug')
      return loadPython(step, read, settings, onOutput === undefined ? events : { ...events, onOutput })
    },
  }
}

/** What a model says of itself once it is loaded: JSON that the compiler checks, and rows that it has run. */
export interface PythonDescription {
  readonly document: unknown
  readonly example: Tensors
}

/**
 * Asks a model in Python what it takes and gives.
 * @throws {ServingError} `refused` when it cannot be loaded; it has ended then
 */
export async function describePython(
  step: Pick<PythonStep, 'file'>,
  read: ReadBundleFile,
  settings: PythonSettings,
  events: CodeEvents = {},
): Promise<PythonDescription> {
  const opened = open(step, read, settings, events)
  const process = opened.start(() => {})
  try {
    await opened.load(process)
    const answer = await process.ask('describe', new Map(), undefined, settings.startTimeoutMs)
    const example = [...answer].flatMap(([name, value]) =>
      name.startsWith('example:') ? [[name.slice('example:'.length), value] as const] : [],
    )
    return { document: parseAnswer(answer, 'description'), example: new Map(example) }
  } finally {
    process.dismiss()
    opened.remove()
  }
}

async function loadPython(
  step: PythonStep,
  read: ReadBundleFile,
  settings: PythonSettings,
  events: CodeEvents,
): Promise<LoadedPython> {
  const opened = open(step, read, settings, events)
  const size = settings.workers
  try {
    const pool = await startPool({
      ...settings,
      language: LANGUAGE,
      size,
      start: opened.start,
      load: opened.load,
      onEvent: events.onEvent,
    })
    return {
      processes: size,
      run: (inputs, wanted) => pool.run(inputs, wanted),
      runOffLoop: (inputs, wanted) => pool.run(inputs, wanted),
      heldMiB: () => pool.heldMiB(),
      release() {
        pool.release()
        opened.remove()
      },
    }
  } catch (error) {
    opened.remove()
    throw error
  }
}

/** A model's files, laid out, with what starts a process on them. */
function open(step: Pick<PythonStep, 'file'>, read: ReadBundleFile, settings: PythonSettings, events: CodeEvents) {
  const file = parsePythonFile(read(step.file), step.file)
  const executable = executableFor(file, read, settings)
  const files = layOut(file, read, settings.temporary)
  const { root, scratch } = files
  const { flavour, entry, code, outputs } = file
  const job = JSON.stringify({ flavour, entry, code, root, scratch, outputs: outputs ?? [] })
  let isTold = false

  async function load(process: CodeProcess): Promise<void> {
    const inputs = new Map([['settings', tensor('BYTES', [1], [Buffer.from(job)])]])
    const held = parseAnswer(await process.ask('load', inputs, undefined, settings.startTimeoutMs), 'held')
    if (isTold) return
    isTold = true
    const { files, tcp } = held as { readonly files?: unknown; readonly tcp?: unknown }
    const free: string[] = []
    if (files !== true) free.push('change files')
    if (tcp !== true && settings.isolate.length === 0) free.push('reach the network')
    if (free.length > 0)
      events.onEvent?.(
        'warn',
        `code in Python can ${free.join(' and ')}: this system does not let us take that from it`,
        {},
      )
  }

  return {
    load,
    remove: () => files.remove(),
    start: (onEnd: (process: CodeProcess) => void) =>
      startProcess({
        language: LANGUAGE,
        command: commandOf(executable, settings),
        folder: scratch,
        variables: variablesOf(executable, settings, scratch),
        onEnd,
        onOutput: (text, from) => events.onOutput?.(entry === '' ? flavour : entry, text, from),
      }),
  }
}

function parseAnswer(answer: Tensors, name: string): unknown {
  const value = answer.get(name)
  const bytes = value?.datatype === 'BYTES' ? value.data[0] : undefined
  try {
    return JSON.parse(Buffer.from(bytes ?? []).toString('utf8'))
  } catch (cause) {
    throw new ServingError('internal', 'the process that runs the code in Python answered what cannot be read', {
      cause,
    })
  }
}

/** The interpreter that has what the code needs. @throws {ServingError} `unavailable` when its environment is not there */
function executableFor(file: PythonFile, read: ReadBundleFile, { interpreter, environments }: PythonSettings): string {
  if (environments === undefined || file.requirements === undefined) return interpreter.executable
  const requirements = read(file.files.get(file.requirements) ?? '')
  if (!namesPackages(requirements)) return interpreter.executable
  const executable = pythonOf(environmentFolder(environments, interpreter, requirements))
  if (existsSync(executable)) return executable
  throw new ServingError(
    'unavailable',
    `the environment with the packages of ${quote(file.requirements)} is not there: start the server again, or name a Python that has them with --python`,
  )
}
