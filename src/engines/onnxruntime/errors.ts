import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'

/** An error that ONNX Runtime gave back. */
export class OrtError extends Error {}

/** What a run threw, in words for the caller where it is the library's. */
export function modelFailed(error: unknown): unknown {
  if (!(error instanceof OrtError)) return error
  return new ServingError('internal', `the model failed on these inputs: ${firstLine(error)}`, {
    cause: error,
    details: { reason: 'model_failed' },
  })
}

/** What an error of the native library says, without its source files, its functions and our paths. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const line = (text.split('\n', 1)[0] ?? '').slice(0, 1000)
  const plain = line
    .replace(/\/[^\s:]*\/([^\s/:]+)/g, '$1')
    .replace(/\S+\.(?:h|cc|cpp):\d+\s+/g, '')
    .replace(/(?:[\w<>, ]+ )?\w*(?:::[\w~<>]+)+\([^)]*\)(?: const)?(?: \[[^\]]*\])?\s*/g, '')
  return quote(plain, 300)
}
