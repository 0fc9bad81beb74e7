import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { ONNXRUNTIME_VERSION } from '../versions.ts'
import { OrtError } from './errors.ts'
import { API_VERSION, FUNCTIONS, type FunctionName } from './functions.ts'
import { Words } from './words.ts'

/** Native code runs on stacks that koffi makes: as large as a thread's own. Only pages that are used take memory. */
const STACK_BYTES = 8 * 1024 * 1024

/** Calls at once off the event loop, as many as koffi keeps stacks for; more of them wait. */
export const MAX_ASYNC_CALLS = 32

/** A function of a native library; addresses are numbers, which hold 53 bits where a process has 48. */
export interface NativeFunction {
  (...args: readonly (number | ArrayBufferView)[]): number
  /** Calls on a thread of libuv's pool; what it returns comes to the callback, the last argument, on the event loop. */
  async(...args: readonly (number | ((error: Error | null, result: number) => void))[]): void
}

/** The library, loaded once in a process and never let go. */
export interface Library extends Readonly<Record<FunctionName, NativeFunction>> {
  /** The one OrtEnv of the process. */
  readonly env: number
  /** ONNX Runtime's plain allocator. */
  readonly allocator: number
  /** Says that a tensor's memory is the CPU's. */
  readonly cpuMemory: number
  /** C's memcpy: to, from, bytes. */
  readonly copy: (to: number | ArrayBufferView, from: number | ArrayBufferView, sizeBytes: number) => void
  /** Gives memory that was freed, and that C keeps for what comes next, back to the system; nothing where C cannot. */
  readonly trim: NativeFunction | undefined
  /** Memory that is a file's, for as long as the process lives; undefined where the system cannot. */
  readonly share: (fd: number, sizeBytes: number) => Uint8Array | undefined
  /** Address of a view's memory, which no longer moves after this; it lives as long as the view is referenced. */
  readonly address: (view: ArrayBufferView) => number
  /** The text at an address, up to its NUL. */
  readonly text: (address: number) => string
  /**
   * Where functions write what they give back: one word or several, to be read before the next call.
   * For calls in the tick alone.
   */
  readonly scratch: Words
  /** Where the lists of names and values of a run stand, between two calls in one tick. */
  readonly lists: Words
}

/** What is used of koffi, as its platform packages export it. */
interface Koffi {
  config(options: Readonly<Record<string, number>>): unknown
  load(path: string | null): { func(prototype: string): NativeFunction }
  proto(prototype: string): unknown
  address(view: ArrayBufferView): bigint
  view(address: bigint, sizeBytes: number): ArrayBuffer
  readonly decode: {
    (pointer: bigint, type: unknown): NativeFunction
    uint64(pointer: bigint): number | bigint
    string(pointer: bigint): string
  }
}

let loaded: Library | undefined

/**
 * ONNX Runtime's C functions, called in place: a run costs what it costs in C, a third of what onnxruntime-node's binding
 * takes for a small model.
 * @throws {ServingError} `unsupported` when this machine's package is missing or another version than the pinned one
 */
export function library(): Library {
  loaded ??= load()
  return loaded
}

function load(): Library {
  // From 1.29 on it reports graphs, with all text that a model carries, to its makers unless this is set before it loads.
  // oxlint-disable-next-line node/no-process-env
  process.env['ORT_DISABLE_TELEMETRY'] = '1'
  const koffi = loadKoffi()
  koffi.config({
    sync_stack_size: STACK_BYTES,
    async_stack_size: STACK_BYTES,
    resident_async_pools: MAX_ASYNC_CALLS,
    max_async_calls: 2 * MAX_ASYNC_CALLS,
  })
  const shared = koffi.load(libraryPath())
  const address = (view: ArrayBufferView): number => Number(koffi.address(view))
  const table = openTable(koffi, shared)
  const functions = Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, [place, parameters]]) => [
      name,
      functionAt(koffi, table(place), name, parameters),
    ]),
  ) as Record<FunctionName, NativeFunction>
  const cLibrary = koffi.load(process.platform === 'win32' ? 'ucrtbase.dll' : null)
  const library = {
    ...functions,
    env: 0,
    allocator: 0,
    cpuMemory: 0,
    copy: cLibrary.func('void memcpy(void *, const void *, size_t)') as Library['copy'],
    trim: trimOf(cLibrary),
    share: (fd: number, sizeBytes: number) => mapFile(koffi, cLibrary, fd, sizeBytes),
    address,
    text: (at: number) => koffi.decode.string(BigInt(at)),
    scratch: new Words(16, address),
    lists: new Words(256, address),
    // A handle that is collected takes the library with it, and whoever is in it.
    handles: [shared, cLibrary],
  }
  const { scratch } = library
  check(library, library.CreateEnv(SILENT, constantText(library, 'slipway'), scratch.address))
  library.env = scratch.get(0)
  check(library, library.DisableTelemetryEvents(library.env))
  check(library, library.GetAllocatorWithDefaultOptions(scratch.address))
  library.allocator = scratch.get(0)
  check(library, library.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, DEFAULT_MEMORY, scratch.address))
  library.cpuMemory = scratch.get(0)
  return library
}

/** glibc's malloc_trim; other C libraries have none, and keep less. */
function trimOf(cLibrary: ReturnType<Koffi['load']>): NativeFunction | undefined {
  try {
    return cLibrary.func('int malloc_trim(size_t)')
  } catch {
    return undefined
  }
}

/** PROT_READ | PROT_WRITE, MAP_SHARED: the same on Linux and macOS. */
const READ_AND_WRITE = 3
const SHARED = 1

/** C's mmap, where there is one. */
function mapFile(koffi: Koffi, cLibrary: ReturnType<Koffi['load']>, fd: number, sizeBytes: number) {
  try {
    const mmap = cLibrary.func('intptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)')
    const address = mmap(0, sizeBytes, READ_AND_WRITE, SHARED, fd, 0)
    return address === -1 ? undefined : new Uint8Array(koffi.view(BigInt(address), sizeBytes))
  } catch {
    return undefined
  }
}

/** ORT_LOGGING_LEVEL_FATAL: what goes wrong is thrown, and told by us; the runtime's own lines on stderr are no log. */
export const SILENT = 4
/** OrtDeviceAllocator, OrtMemTypeDefault. */
const DEVICE_ALLOCATOR = 0
const DEFAULT_MEMORY = 0

/** The part of koffi that has native code, without the package around it, which takes 10 ms to find this one. */
function loadKoffi(): Koffi {
  const name = `@koromix/koffi-${process.platform}-${process.arch}`
  try {
    return createRequire(import.meta.url)(name) as Koffi
  } catch (cause) {
    throw new ServingError(
      'unsupported',
      `ONNX Runtime cannot be called: the package ${quote(name)} cannot be loaded; install Slipway again, on this kind of machine`,
      { cause, details: { package: name } },
    )
  }
}

/** The library as onnxruntime-node brings it. */
function libraryPath(): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  const folder = join(entry, '..', 'bin', 'napi-v6', process.platform, process.arch)
  if (process.platform === 'win32') return join(folder, 'onnxruntime.dll')
  return join(folder, process.platform === 'darwin' ? 'libonnxruntime.1.dylib' : 'libonnxruntime.so.1')
}

/** OrtApiBase: a function that gives OrtApi's table, and one that gives the version. */
function openTable(koffi: Koffi, shared: ReturnType<Koffi['load']>): (place: number) => bigint {
  const word = (at: bigint): bigint => BigInt(koffi.decode.uint64(at))
  const base = BigInt(shared.func('uintptr_t OrtGetApiBase()')())
  const version = koffi.decode.string(BigInt(functionAt(koffi, word(base + 8n), 'GetVersionString', '')()))
  if (version !== ONNXRUNTIME_VERSION)
    throw new ServingError(
      'unsupported',
      `ONNX Runtime ${quote(version)} is installed, this Slipway calls ${ONNXRUNTIME_VERSION}: install Slipway again`,
    )
  const table = BigInt(functionAt(koffi, word(base), 'GetApi', 'i')(API_VERSION))
  return (place) => word(table + 8n * BigInt(place))
}

function functionAt(koffi: Koffi, pointer: bigint, name: string, parameters: string): NativeFunction {
  const types = Array.from(parameters, (parameter) => (parameter === 'i' ? 'int' : 'uintptr_t'))
  const result = name.startsWith('Release') ? 'void' : 'uintptr_t'
  return koffi.decode(pointer, koffi.proto(`${result} Ort${name}(${types.join(', ')})`))
}

/**
 * Frees a status and throws what it says.
 * @throws {OrtError} unless the status is 0
 */
export function check(library: Library, status: number): void {
  if (status === 0) return
  const message = library.text(library.GetErrorMessage(status))
  library.ReleaseStatus(status)
  throw new OrtError(message)
}

const constants: Uint8Array[] = []

/** Address of a text that is kept for ever. */
export function constantText({ address }: Pick<Library, 'address'>, text: string): number {
  const bytes = bytesOfText(text)
  constants.push(bytes)
  return address(bytes)
}

const kept: object[] = []

/** Makes a call whose addresses point into something that nothing else may keep until it is done. */
export function keeping<T>(what: object, call: () => T): T {
  kept.push(what)
  try {
    return call()
  } finally {
    kept.pop()
  }
}

/** Text as C has it, in memory that does not move. */
export function bytesOfText(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8')
  const copy = new Uint8Array(new ArrayBuffer(bytes.length + 1))
  copy.set(bytes)
  return copy
}
