import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import type { Tensors } from '../tensor/tensor.ts'

/** An inference request of the Open Inference Protocol, in whatever bytes it came: JSON, JSON with binary tensors, protobuf. */
export interface V2Request {
  /** Echoed in the answer; absent and empty are the same. */
  readonly id: string | undefined
  readonly inputs: Tensors
  /** Names of the outputs asked for; empty for all. */
  readonly outputs: readonly string[]
  /** How outputs are wanted that are not wanted as they are, by name; absent when there is none. */
  readonly forms?: ReadonlyMap<string, OutputForm>
  /** Whether outputs that do not say it themselves come as bytes behind the JSON: the parameter `binary_data_output`. */
  readonly isBinary?: boolean
  /** Microseconds that the caller waits, from the parameter `timeout`. */
  readonly timeoutUs: number | undefined
  /** Whose turn comes first, from the parameter `priority`: 1 before 2 before 3; absent for the model's default. */
  readonly priority?: 1 | 2 | 3
}

/** What a request says of one output. */
export interface OutputForm {
  /** The most likely classes in place of the numbers, so many of them; 0 for the numbers. */
  readonly classification: number
  /** Whether it comes as bytes; undefined where the request as a whole decides. */
  readonly isBinary: boolean | undefined
}

/** Most inputs, and most named outputs, of one request: as many as a model may have. */
export const MAX_TENSORS = 4096

/** @throws {ServingError} `invalid_argument` where there are more than a request may have */
export function checkTensorCount(count: number, what: 'inputs' | 'outputs'): void {
  if (count > MAX_TENSORS) throw bad(`${count} ${what}, the most is ${MAX_TENSORS}`)
}

/** Longest request id that is taken, in characters. */
const MAX_ID_LENGTH = 256

/** Why a request's id is refused. */
export const BAD_ID = `"id" must be text of at most ${MAX_ID_LENGTH} characters, none of them a control character`

/**
 * A request's id as it is echoed; undefined for an empty one.
 * @throws {ServingError} `invalid_argument`
 */
export function requestId(id: string): string | undefined {
  if (id.length > MAX_ID_LENGTH || /\p{Cc}/u.test(id)) throw bad(BAD_ID)
  return id === '' ? undefined : id
}

/** The parameter `timeout` as a request has it: 0 is the same as none. @param us whole, from 0 up (microseconds) */
export function timeoutOf(us: number): number | undefined {
  return us === 0 ? undefined : us
}

/** The parameter `priority` as a request has it: 0 is the model's default, whatever is behind the last is last. */
export function priorityOf(level: number): 1 | 2 | 3 | undefined {
  return level === 0 ? undefined : level < 3 ? (level as 1 | 2) : 3
}

/** @throws {ServingError} `invalid_argument` unless it is a number of classes to answer with */
export function checkClassification(output: string, classes: number): void {
  if (Number.isSafeInteger(classes) && classes >= 1) return
  throw bad(`output ${quote(output)}: "classification" must be a whole number of classes, 1 or more`)
}

/** A request belongs to a sequence: its `sequence_id` is neither 0 nor empty. @see Triton's "Sequence Extension" */
export function sequenceRefusal(): ServingError {
  return new ServingError(
    'unsupported',
    'the parameter "sequence_id" asks for a model that keeps state between requests, and none here does: leave it out',
  )
}

/** Parameters of a tensor that say where in shared memory it lies. @see Triton's "Shared-Memory Extension" */
export const SHARED_MEMORY_PARAMETERS: readonly string[] = [
  'shared_memory_region',
  'shared_memory_offset',
  'shared_memory_byte_size',
]

/** @param what the tensor: `input`, `output` */
export function sharedMemoryRefusal(what: 'input' | 'output', name: string): ServingError {
  return new ServingError(
    'unsupported',
    `${what} ${quote(name)} is to be in shared memory, which this server does not share with its clients: ` +
      (what === 'input' ? 'send its data in the request' : 'take it from the answer'),
  )
}

function bad(message: string): ServingError {
  return new ServingError('invalid_argument', message)
}
