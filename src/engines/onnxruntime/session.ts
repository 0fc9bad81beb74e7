import type { OnnxStep } from '../../bundle/program.ts'
import type { Datatype } from '../../tensor/datatype.ts'
import { datatypeOf } from './datatypes.ts'
import { check, constantText, keeping, library, SILENT, type Library } from './library.ts'
import { callOffLoop } from './off-loop.ts'
import { markInTick, unmarkInTick, type MarkLabel } from './run-marks.ts'
import { Words } from './words.ts'

/** An input of the graph, as the session says. */
export interface SessionInput {
  readonly name: string
  /** undefined for what is no tensor of a datatype that is served. */
  readonly datatype: Datatype | undefined
}

/** A graph that ONNX Runtime has loaded. */
export interface Session {
  readonly pointer: number
  readonly inputs: readonly SessionInput[]
}

/** Levels of GraphOptimizationLevel. */
const LEVELS: Readonly<Record<OnnxStep['optimization'], number>> = { off: 0, basic: 1, all: 99 }

/** ORT_SEQUENTIAL */
const SEQUENTIAL = 0

/**
 * A graph of less than this has no arena: the first run of a small model would take 40 KiB for it, half of what the
 * session takes. Larger ones have one, which gives their memory back when they are released, where malloc keeps it.
 */
const ARENA_FROM_BYTES = 128 * 1024

/**
 * Reading and optimising a graph takes several times its size, of which glibc keeps what lies below anything still in use:
 * three times the size of a model of 23 MB. From this size on it is asked to give that back (bytes), which takes a
 * fiftieth of the time of loading.
 */
const TRIM_FROM_BYTES = 2 ** 20

/** Options are made once for each kind, and kept: sessions copy what they need. */
const optionsOf = new Map<string, number>()

/** Loads in the calling tick. @param label what is marked as running meanwhile @throws {OrtError} when the graph is turned down */
export function openSession(graph: Uint8Array, optimization: OnnxStep['optimization'], label?: MarkLabel): Session {
  const ort = library()
  const options = sessionOptions(ort, optimization, graph.length >= ARENA_FROM_BYTES)
  const args = [ort.env, addressOf(ort, graph), graph.length, options, ort.scratch.address]
  markInTick(label)
  const status = keeping(graph, () => ort.CreateSessionFromArray(...args))
  unmarkInTick()
  check(ort, status)
  const made = ort.scratch.get(0)
  if (graph.length >= TRIM_FROM_BYTES) ort.trim?.(0)
  return describe(ort, made)
}

/** Loads off the event loop; the graph may not change meanwhile. @throws {OrtError} as `openSession`, by rejecting */
export async function openSessionOffLoop(
  graph: Uint8Array,
  optimization: OnnxStep['optimization'],
  label?: MarkLabel,
): Promise<Session> {
  const ort = library()
  const options = sessionOptions(ort, optimization, graph.length >= ARENA_FROM_BYTES)
  const made = new Words(1, ort.address)
  const args = [ort.env, addressOf(ort, graph), graph.length, options, made.address]
  const status = await callOffLoop(ort.CreateSessionFromArray, args, { graph, made }, label)
  check(ort, status)
  if (graph.length >= TRIM_FROM_BYTES && ort.trim !== undefined) await callOffLoop(ort.trim, [0], {})
  return describe(ort, made.get(0))
}

function addressOf(ort: Library, graph: Uint8Array): number {
  return graph.length === 0 ? ort.scratch.address : ort.address(graph)
}

function sessionOptions(ort: Library, optimization: OnnxStep['optimization'], hasArena: boolean): number {
  const kind = `${optimization} ${hasArena}`
  const known = optionsOf.get(kind)
  if (known !== undefined) return known
  check(ort, ort.CreateSessionOptions(ort.scratch.address))
  const options = ort.scratch.get(0)
  check(ort, ort.SetSessionGraphOptimizationLevel(options, LEVELS[optimization]))
  check(ort, ort.SetSessionExecutionMode(options, SEQUENTIAL))
  check(ort, ort.SetIntraOpNumThreads(options, 1))
  check(ort, ort.SetInterOpNumThreads(options, 1))
  check(ort, ort.SetSessionLogSeverityLevel(options, SILENT))
  addEntry(ort, options, 'session.intra_op.allow_spinning', '0')
  addEntry(ort, options, 'session.inter_op.allow_spinning', '0')
  // A plan of memory is kept for every shape that was ever run, and saves no time that could be measured.
  check(ort, ort.DisableMemPattern(options))
  if (!hasArena) check(ort, ort.DisableCpuMemArena(options))
  optionsOf.set(kind, options)
  return options
}

function addEntry(ort: Library, options: number, key: string, value: string): void {
  check(ort, ort.AddSessionConfigEntry(options, constantText(ort, key), constantText(ort, value)))
}

/** Asks a session for its inputs; releases it when that fails. */
function describe(ort: Library, pointer: number): Session {
  const result = ort.scratch.addressOf(0)
  try {
    check(ort, ort.SessionGetInputCount(pointer, result))
    const count = ort.scratch.get(0)
    return { pointer, inputs: Array.from({ length: count }, (_, i) => describeInput(ort, pointer, i)) }
  } catch (error) {
    ort.ReleaseSession(pointer)
    throw error
  }
}

function describeInput(ort: Library, session: number, index: number): SessionInput {
  const { scratch } = ort
  const result = scratch.addressOf(0)
  check(ort, ort.SessionGetInputName(session, index, ort.allocator, result))
  const text = scratch.get(0)
  const name = ort.text(text)
  check(ort, ort.AllocatorFree(ort.allocator, text))
  check(ort, ort.SessionGetInputTypeInfo(session, index, result))
  const type = scratch.get(0)
  try {
    check(ort, ort.CastTypeInfoToTensorInfo(type, result))
    const tensor = scratch.get(0) // a part of the type; 0 when it is no tensor
    if (tensor === 0) return { name, datatype: undefined }
    check(ort, ort.GetTensorElementType(tensor, result))
    return { name, datatype: datatypeOf(scratch.int(0)) }
  } finally {
    ort.ReleaseTypeInfo(type)
  }
}
