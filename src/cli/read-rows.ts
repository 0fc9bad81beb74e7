import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { decodeCsv } from '../codecs/csv.ts'
import { decodeJsonLines } from '../codecs/json-lines.ts'
import { planRows } from '../codecs/row-layout.ts'
import { decodeV2Request, type V2Request } from '../codecs/v2-json.ts'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { readNpz } from '../formats/numpy/npz.ts'
import { tensorOf } from '../formats/numpy/tensor-of.ts'
import type { Signature } from '../tensor/signature.ts'
import type { Tensor } from '../tensor/tensor.ts'

/**
 * What is asked of a model, in the form that the file's name says: rows in .csv or .jsonl, arrays in .npz under the names
 * of inputs, else a V2 request in JSON.
 * @param path `-` for standard input
 * @throws {ServingError} `not_found`; `invalid_argument` for what does not fit the signature
 */
export async function readRequest(path: string, signature: Signature): Promise<Partial<V2Request>> {
  const body = await readInput(path)
  if (/\.csv$/i.test(path)) return { inputs: decodeCsv(body, planRows(signature)).inputs }
  if (/\.(jsonl|ndjson|jsonlines)$/i.test(path)) return { inputs: decodeJsonLines(body, planRows(signature)).inputs }
  if (/\.npz$/i.test(path)) return { inputs: tensorsOfNpz(body) }
  return decodeV2Request(body)
}

/** The arrays of an .npz file by their names. @throws {ServingError} `invalid_argument`; it is no model that is refused */
export function tensorsOfNpz(bytes: Uint8Array): Map<string, Tensor> {
  try {
    return new Map([...readNpz(bytes)].map(([name, array]) => [name, tensorOf(array, `the array ${quote(name)}`)]))
  } catch (thrown) {
    const { code, message, details } = ServingError.from(thrown)
    throw new ServingError(code === 'refused' ? 'invalid_argument' : code, message, { details, cause: thrown })
  }
}

/** The whole of a file, or of standard input for `-`. @throws {ServingError} `not_found` */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return path === '-' ? readFileSync(0) : await readFile(path)
  } catch (error) {
    throw new ServingError('not_found', `${quote(path)} cannot be read`, { cause: error })
  }
}
